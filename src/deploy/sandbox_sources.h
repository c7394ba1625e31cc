#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "deploy/app_origin.h"
#include "deploy/run.h"

namespace halcyon {

/// Packages that dependencies are built from besides the package server's, which they hide: those
/// of HALCYON_SANDBOX_SOURCES, and of the git repositories that project files name. They become
/// source distributions that cabal takes as part of the project: what is private is fetched before
/// any code of a dependency runs, and cabal needs neither git nor the deploy key.
class SandboxSources {
 public:
  /// Raises Error "sandbox-sources::label" for what is neither a directory nor a git URL.
  SandboxSources(Run& run, const std::filesystem::path& source_dir);

  /// Takes the git repositories out of the text of a project file; whether it had any.
  bool take(std::string& project_text);

  /// Whether one of them comes from a git repository.
  bool uses_git() const;
  bool empty() const { return sources_.empty(); }
  /// Changes when one of the sources changes. Empty when there are none.
  const std::string& digest();
  /// Fetches them and writes their source distributions into `dir`, which is made. Needs the Cabal
  /// layer.
  void make(const std::filesystem::path& dir);

 private:
  struct Source {
    AppOrigin origin;
    std::vector<std::string> subdirs;  ///< none: its packages are those of the whole
  };
  void pin();
  void pack(const AppOrigin& origin, const std::filesystem::path& project,
            const std::filesystem::path& dir);

  Run& run_;
  std::vector<Source> sources_;
  std::string digest_;
};

}  // namespace halcyon
