#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/process.h"

namespace halcyon {

/// A git URL as users give it: "https://host/app.git#branch" (reference, `deploy`).
struct GitUrl {
  std::string url;            ///< without user and password, where it is http(s)
  std::string authorization;  ///< "user:password" for http(s); secret
  std::string branch;  ///< a branch, a tag or a whole commit id; empty: the remote's default branch

  /// Whether a text is a git URL: https://, http://, ssh://, git:// and file://, and
  /// user@host:path.
  static bool matches(std::string_view text);
  /// Splits at the last '#'. Raises Error "git::bad-url" for what git would take for an option or a
  /// branch that cannot be one. A token or password in it becomes a secret of the log.
  static GitUrl parse(std::string_view text);
  bool is_ssh() const;
};

/// How to reach servers over SSH.
struct SshAccess {
  std::string key;          ///< private key; empty: the keys that the user has on this machine
  std::string known_hosts;  ///< lines in known_hosts format, besides those that we know
};

/// The machine's git, asked for sources only: no prompts, no hooks, no configuration of the user's.
class Git {
 public:
  /// `system` is what git may know of our environment. What is temporary is below `temp`.
  Git(Environment system, std::filesystem::path temp, SshAccess ssh);

  /// The commit that a URL names now, asked of its server. Raises Error "git::missing" where this
  /// machine has no git, "ssh::missing" where it has no ssh, "git::no-branch", and "git::failed"
  /// with what git says, never with a password.
  std::string commit(const GitUrl& source) const;
  /// The files of a commit in `dir`, which is made: submodules included, nothing of git's own.
  /// Nothing but that commit is downloaded where the server allows it.
  void fetch(const GitUrl& source, const std::string& commit,
             const std::filesystem::path& dir) const;

 private:
  class Session;

  Environment system_;
  std::filesystem::path temp_;
  SshAccess ssh_;
};

}  // namespace halcyon
