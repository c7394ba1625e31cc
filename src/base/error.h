#pragma once

#include <exception>
#include <string>

namespace halcyon {

/// Exit statuses of the helper: 0 done, 1 failed, 2 a build is needed but not allowed; of the s3
/// commands also 3, 4 and 5, the first digit of the HTTP status that failed them.
enum class Exit : int {
  done = 0,
  failed = 1,
  build_needed = 2,
  redirected = 3,
  refused = 4,
  server_failed = 5
};

/// The one error of the program. It is raised where it is understood and printed once, by main.
///
///   throw Error("s3::no-such-bucket", "Bucket 'x' does not exist at s3.amazonaws.com")
///       .why("The server answered 404 NoSuchBucket")
///       .fix("heroku config:set HALCYON_S3_BUCKET=<an existing bucket>");
class Error : public std::exception {
 public:
  /// `id` is stable and greppable (`module::cause`); `what` says what happened, without full stop.
  Error(std::string id, std::string what);

  /// Adds a cause; may be called again, outer causes first. Several lines are allowed.
  Error& why(const std::string& text);
  /// What the user can do: a command or an instruction. Several lines are allowed.
  Error& fix(const std::string& text);
  /// The exit status that main shall use; `Exit::failed` unless set.
  Error& exit(Exit status);

  const char* what() const noexcept override { return what_.c_str(); }
  const std::string& id() const { return id_; }
  const std::string& why() const { return why_; }
  const std::string& fix() const { return fix_; }
  Exit exit() const { return exit_; }

 private:
  std::string id_;
  std::string what_;
  std::string why_;
  std::string fix_;
  Exit exit_ = Exit::failed;
};

/// What happened and why in one text, for a warning: "what: why".
std::string what_and_why(const Error& error);

/// An Error that tells a failed system call: `what` with the reason of `errno_value` as its cause.
/// A full disk (ENOSPC, EDQUOT) and a read-only or forbidden place get their own id and fix.
Error system_error(std::string what, int errno_value);

}  // namespace halcyon
