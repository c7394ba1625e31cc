#pragma once

#include <filesystem>
#include <string>

#include "haskell/package.h"

namespace halcyon {

/// What of ours is in a slug, below `.halcyon` of the build directory.
struct SlugParts {
  std::filesystem::path source_archive;  ///< the app's source as it was pushed
  std::string stack;                     ///< STACK, known only while building
  std::string toolchain;                 ///< digest of the build image's toolchain, may be empty
  std::string app_id;                    ///< AppMemory::id
};

/// Writes the helper, its catalog, the parts and .profile.d/halcyon.sh into the build directory.
void write_slug(const std::filesystem::path& build_dir, const SlugParts& parts);

/// The executable that the web process runs: the one called like the package, else `web`, else the
/// first one.
std::string web_executable(const Package& package);

/// Writes `web: bin/<executable>` when the app has no Procfile, and tells so. Chooses from what is
/// installed in the build directory.
void write_procfile(const std::filesystem::path& build_dir, const Package& package);

}  // namespace halcyon
