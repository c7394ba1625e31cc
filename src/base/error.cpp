#include "base/error.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace halcyon {

Error::Error(std::string id, std::string what) : id_(std::move(id)), what_(std::move(what)) {}

Error& Error::why(const std::string& text) {
  if (!why_.empty() && !text.empty()) why_ += '\n';
  why_ += text;
  return *this;
}

Error& Error::fix(const std::string& text) {
  if (!fix_.empty() && !text.empty()) fix_ += '\n';
  fix_ += text;
  return *this;
}

Error& Error::exit(Exit status) {
  exit_ = status;
  return *this;
}

std::string what_and_why(const Error& error) {
  return error.why().empty() ? error.what() : std::string(error.what()) + ": " + error.why();
}

Error system_error(std::string what, int errno_value) {
  const std::string reason = std::generic_category().message(errno_value);
  switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
      return Error("disk::full", std::move(what))
          .why(reason)
          .fix(
              "Free some space there and run it again (`df -h` tells what is left, `df -i` how "
              "many files it may hold)");
    case EACCES:
    case EPERM:
    case EROFS:
      return Error("disk::forbidden", std::move(what))
          .why(reason)
          .fix("Make the place writable for this user, or name another one");
    case EAGAIN:
      return Error("system::no-process", std::move(what))
          .why("No more processes or threads are allowed here (`ulimit -u`)")
          .fix("End other programs of this user, or raise the limit");
    default:
      return Error("disk::failed", std::move(what)).why(reason);
  }
}

}  // namespace halcyon
