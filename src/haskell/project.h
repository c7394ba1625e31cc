#pragma once

#include <filesystem>
#include <optional>
#include <string>

/// What an app's directory says about how to build it.
namespace halcyon {

struct Project {
  bool has_project_file = false;  ///< cabal.project
  std::string with_compiler;      ///< the version of `with-compiler: ghc-9.0.2`, or empty
  std::string settings;           ///< text of cabal.project and cabal.project.local that can
                                  ///< decide units of dependencies, comments and blank lines
                                  ///< removed; empty for a plain `packages: .`
  std::optional<std::filesystem::path> freeze;  ///< cabal.project.freeze, else cabal.config
};

/// Reads cabal.project, cabal.project.local and finds the constraints file. `packages:`,
/// `optional-packages`, `tests`, `benchmarks`, `index-state`, `with-compiler` and `constraints`
/// do not count as settings.
Project read_project(const std::filesystem::path& dir);

}  // namespace halcyon
