#include "base/stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/interrupt.h"

namespace halcyon {

FileSource::FileSource(const fs::path& file, std::uint64_t from)
    : file_(file), fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!fd_) throw system_error("Cannot open " + file.string(), errno);
  if (from > 0 && ::lseek(fd_.get(), static_cast<off_t>(from), SEEK_SET) < 0) {
    throw system_error("Cannot read " + file.string(), errno);
  }
}

std::size_t FileSource::read(std::span<std::byte> buffer) {
  interrupt::check();
  for (;;) {
    const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw system_error("Cannot read " + file_.string(), errno);
  }
}

FileSink::FileSink(fs::path file, unsigned mode)
    : file_(std::move(file)), dir_(file_.has_parent_path() ? file_.parent_path() : ".") {
  make_directories(dir_);
  std::string name = (dir_ / ("." + file_.filename().string() + ".XXXXXX.tmp")).string();
  fd_.reset(::mkostemps(name.data(), 4, O_CLOEXEC));
  if (!fd_) throw system_error("Cannot create a file in " + dir_.string(), errno);
  temporary_ = name;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(fd_.get(), static_cast<mode_t>(mode) & ~mask);
}

FileSink::~FileSink() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

bool FileSink::write(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("Cannot write " + file_.string(), errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

void FileSink::commit() {
  if (::fsync(fd_.get()) != 0) throw system_error("Cannot write " + file_.string(), errno);
  commit_lightly();
  // The new name is on disk when the directory is; not every file system can be asked for it.
  const UniqueFd dir(::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir && ::fsync(dir.get()) != 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT)) {
    throw system_error("Cannot write " + dir_.string(), errno);
  }
}

void FileSink::commit_lightly() {
  fd_.reset();
  if (::rename(temporary_.c_str(), file_.c_str()) != 0) {
    throw system_error("Cannot give " + file_.string() + " its name", errno);
  }
  temporary_.clear();
}

bool StringSink::write(Bytes bytes) {
  if (text.size() + bytes.size() > limit_) {
    throw Error("stream::too-large", "A small file is larger than it may be")
        .why("More than " + std::to_string(limit_) + " bytes");
  }
  text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return true;
}

bool BoundedSink::write(Bytes bytes) {
  if (bytes.size() > left_) {
    throw Error("stream::too-long", "It is longer than it should be");
  }
  left_ -= bytes.size();
  return sink_.write(bytes);
}

std::size_t StringSource::read(std::span<std::byte> buffer) {
  const std::size_t count = std::min(buffer.size(), rest_.size());
  std::memcpy(buffer.data(), rest_.data(), count);
  rest_.remove_prefix(count);
  return count;
}

std::size_t HashingSource::read(std::span<std::byte> buffer) {
  const std::size_t count = source_.read(buffer);
  digest_.update(buffer.first(count));
  bytes_ += count;
  return count;
}

std::string HashingSource::finish() {
  std::vector<std::byte> buffer(1U << 18U);
  while (read(buffer) > 0) {
  }
  return digest_.hex();
}

bool HashingSink::write(Bytes bytes) {
  digest_.update(bytes);
  bytes_ += bytes.size();
  return sink_.write(bytes);
}

}  // namespace halcyon
