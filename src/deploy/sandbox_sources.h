#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "deploy/app_origin.h"
#include "deploy/run.h"

namespace halcyon {

/// HALCYON_SANDBOX_SOURCES: packages that dependencies are built from besides the package server's,
/// which they hide. They become source distributions that cabal takes as part of the project.
class SandboxSources {
 public:
  /// Raises Error "sandbox-sources::label" for what is neither a directory nor a git URL.
  SandboxSources(Run& run, const std::filesystem::path& source_dir);

  /// Whether one of them comes from a git repository.
  bool uses_git() const { return any_from_git(origins_); }
  bool empty() const { return origins_.empty(); }
  /// Changes when one of the sources changes. Empty when there are none.
  const std::string& digest();
  /// Writes their source distributions into `dir`, which is made. Needs the Cabal layer.
  void make(const std::filesystem::path& dir);

 private:
  Run& run_;
  std::vector<AppOrigin> origins_;
  std::string digest_;
};

}  // namespace halcyon
