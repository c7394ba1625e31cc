#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "layers/workspace.h"

namespace halcyon {

/// Native libraries for the sandbox (reference, HALCYON_SANDBOX_EXTRA_LIBS): Debian packages,
/// fetched with apt's own tools but a private state, and unpacked without being installed, so that
/// no root is needed.

/// Fetches the packages, and what they depend on that this machine lacks, and unpacks them into
/// `target`, whose `usr` then has include, lib and so on. Files that name /usr (pkg-config's,
/// links) are made to name `target`. Errors: "packages::bad-name", "packages::no-apt",
/// "packages::fetch-failed" (with apt's words), "packages::unpack-failed".
void install_os_packages(const Workspace& workspace, const std::vector<std::string>& names,
                         const std::filesystem::path& target);

/// Directories below a sandbox's or an app's `usr` (and beside it) that have libraries: those that
/// exist, for LIBRARY_PATH and the like.
std::vector<std::filesystem::path> library_dirs(const std::filesystem::path& dir);

/// The shared libraries from `dir` that programs need, and that these need, by their path.
std::vector<std::filesystem::path> needed_libraries(
    const Workspace& workspace, const std::vector<std::filesystem::path>& programs,
    const std::filesystem::path& dir);

}  // namespace halcyon
