#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an app's directory says about how to build it.
namespace halcyon {

constexpr const char* project_file = "cabal.project";

struct Project {
  bool has_project_file = false;  ///< cabal.project
  std::string packages;           ///< the field, as written; empty when it is not there
  std::string optional_packages;  ///< likewise
  std::string index_state;        ///< likewise
  std::string with_compiler;      ///< the version of `with-compiler: ghc-9.0.2`, or empty; it may
                                  ///< be that of a series (9.0)
  std::string settings;           ///< text of cabal.project and cabal.project.local that can
                                  ///< decide units of dependencies, comments and blank lines
                                  ///< removed; empty for a plain `packages: .`
  std::vector<std::filesystem::path> files;  ///< those inside of it that were read, relative to it
  std::optional<std::filesystem::path> freeze;  ///< cabal.project.freeze, else cabal.config
};

/// Reads cabal.project, cabal.project.local and what they import from files of the app, and finds
/// the constraints file. What names packages, versions or the compiler, and what cabal applies to
/// local packages only, does not count as settings.
Project read_project(const std::filesystem::path& dir);

/// The version in "ghc-9.0.2" or "/opt/ghc/bin/ghc-9.0.2"; empty for "ghc" and other compilers.
std::string compiler_version(std::string_view value);

}  // namespace halcyon
