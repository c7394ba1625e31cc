#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "haskell/constraints.h"
#include "haskell/package.h"
#include "haskell/project.h"
#include "layers/cabal.h"

namespace halcyon {

/// An app's source directory, and what is known of it. The directory is never written to.
struct AppSource {
  std::filesystem::path dir;
  Package package;                ///< the project's main one: label, web process
  std::vector<Package> packages;  ///< all local ones
  Project project;
  Constraints constraints;           ///< every dependency; the app itself is not among them
  bool has_own_constraints = false;  ///< `constraints` are those of its cabal.project.freeze
  std::string digest;                ///< of the source tree
  /// Texts of project files for copies, in place of the app's own, if any, by their names.
  std::map<std::filesystem::path, std::string> project_files;
  std::vector<std::string> configure_flags;  ///< HALCYON_APP_EXTRA_CONFIGURE_FLAGS
  std::vector<std::string> extra_libs;       ///< HALCYON_SANDBOX_EXTRA_LIBS, sorted
  /// Identity of the sandbox's extra apps. GHC cannot see that a preprocessor changed: another one
  /// means to compile all.
  std::string build_tools;
  bool tests = false;  ///< whether its test suites are built too (Heroku CI)
  /// A directory of source distributions (*.tar.gz) that are part of the project; empty for none.
  std::filesystem::path extra_packages;
};

/// What is no part of an app's source: version control, build products, our own directory.
bool is_not_source(const std::filesystem::path& path);

/// What a copy of the source does not take over: that, and cabal.project.freeze and
/// cabal.project.local (see write_constraints).
bool is_not_copied(const std::filesystem::path& path);

/// Removes the app's own packages: they are built from source, whatever their version (cabal issue
/// #1908).
void remove_local_packages(Constraints& constraints, const AppSource& source);

/// Writes the constraints into a copy of the source, as cabal.project.freeze: the app's own file,
/// without the repositories that it names, or what stands for it. Writes cabal.project.local too:
/// the app's own, and the extra packages; and the project_files.
void write_constraints(const AppSource& source, const std::filesystem::path& copy);

/// A cabal_command in a copy of the source, with the GHC layer's compiler and build products in
/// `build_dir`.
Command project_command(const Workspace& workspace, const CabalRepo& repo,
                        const std::filesystem::path& copy, const std::filesystem::path& build_dir,
                        const std::vector<std::string>& words);

/// Adds to a cabal command whether test suites count. It has to be said: cabal resolves those of an
/// app that does not say it, and downloads what they need.
void choose_components(Command& command, const AppSource& source);

/// Source distributions of dependencies. cabal computes a unit's id from them where the repository
/// is not signed, even when the store has the unit; so the sandbox keeps them. `offer` puts the
/// sandbox's where cabal looks for downloads, `keep` puts those of the constraints there.
void offer_source_distributions(const Workspace& workspace);
void keep_source_distributions(const Workspace& workspace, const CabalRepo& repo,
                               const Constraints& constraints);

/// Where cabal puts what it fetches for source-repository-package and for packages at URLs, below
/// its build directory.
std::filesystem::path fetched_sources(const std::filesystem::path& build_dir);

/// Asks the solver for constraints, for an app that has none (reference, `constraints`): the newest
/// versions that fit, those of the test suites too where these are wanted, among those that
/// `within` allows. Needs the GHC and updated Cabal layers in
/// place.
Constraints solve_constraints(const Workspace& workspace, const CabalRepo& repo,
                              const AppSource& source, const Constraints* within = nullptr);

}  // namespace halcyon
