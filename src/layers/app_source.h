#pragma once

#include <filesystem>
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
  Package package;
  Project project;
  Constraints constraints;           ///< every dependency; the app itself is not among them
  bool has_own_constraints = false;  ///< `constraints` are those of its cabal.project.freeze
  std::string digest;                ///< of the source tree
  std::vector<std::string> configure_flags;  ///< HALCYON_APP_EXTRA_CONFIGURE_FLAGS
  std::vector<std::string> extra_libs;       ///< HALCYON_SANDBOX_EXTRA_LIBS, sorted
};

/// What is no part of an app's source: version control, build products, our own directory.
bool is_not_source(const std::filesystem::path& path);

/// What a copy of the source does not take over: that, and cabal.project.freeze (see
/// write_constraints).
bool is_not_copied(const std::filesystem::path& path);

/// Writes the constraints into a copy of the source, as cabal.project.freeze: the app's own file,
/// without the repositories that it names, or what stands for it.
void write_constraints(const AppSource& source, const std::filesystem::path& copy);

/// A cabal command in a copy of the source: our configuration, our HOME, build products in
/// `build_dir`.
Command cabal_command(const Workspace& workspace, const CabalRepo& repo,
                      const std::filesystem::path& copy, const std::filesystem::path& build_dir,
                      const std::vector<std::string>& words);

/// Source distributions of dependencies. cabal computes a unit's id from them where the repository
/// is not signed, even when the store has the unit; so the sandbox keeps them. `offer` puts the
/// sandbox's where cabal looks for downloads, `keep` puts those of the constraints there.
void offer_source_distributions(const Workspace& workspace);
void keep_source_distributions(const Workspace& workspace, const CabalRepo& repo,
                               const Constraints& constraints);

/// Asks the solver for constraints, for an app that has none (reference, `constraints`): the newest
/// versions that fit. Needs the GHC and updated Cabal layers in place.
Constraints solve_constraints(const Workspace& workspace, const CabalRepo& repo,
                              const AppSource& source);

}  // namespace halcyon
