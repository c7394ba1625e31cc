#pragma once

#include <filesystem>
#include <string>

#include "deploy/run.h"
#include "net/git.h"

namespace halcyon {

/// What a user names an app by (reference, `deploy`): a directory, a label ("name-version", or a
/// name alone: the newest version) that the package server has, or a git URL.
struct AppOrigin {
  enum class Kind { directory, label, git };

  Kind kind = Kind::directory;
  std::string text;           ///< as it was given, for messages; never with a password
  std::filesystem::path dir;  ///< of a directory
  GitUrl git;

  /// Decides in this order: git URL, directory (relative to `base`), label. Raises Error
  /// "app::unknown" for what is none of these.
  static AppOrigin parse(const std::string& text, const std::filesystem::path& base);

  /// One line that changes when the source may have changed: a digest of a directory, a label as it
  /// is, the commit that a git URL names now (which asks the server).
  std::string identity(Run& run) const;

  /// The directory with the source: the one named, or a copy of our own that lasts as long as the
  /// run. A label needs cabal-install, not GHC: the updated Cabal layer is restored, or built where
  /// the options allow it. Raises Error "app::not-found" for a label that the server does not have.
  std::filesystem::path fetch(Run& run) const;

 private:
  std::filesystem::path fetch_label(Run& run) const;
};

}  // namespace halcyon
