#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "layers/workspace.h"

/// Data files of dependencies. Programs look for them at the absolute path where the sandbox had
/// them when they were compiled (cabal user guide, "Accessing data files from package code"): below
/// the store of a sandbox that is not there any more when they run. So they are installed at that
/// path; without a tag, what stands there is no layer.
namespace halcyon {

/// The directory of a layer with the data of dependencies, arranged as in the store.
constexpr const char* dependency_data_dir = "dependency-data";

/// Copies the data of units from a store to `into`. Most have none; documentation and licences are
/// left out.
void collect_dependency_data(const std::filesystem::path& store,
                             const std::vector<std::string>& units,
                             const std::filesystem::path& into);

/// The store that a sandbox has at the workspace's place, seen from a root directory.
std::filesystem::path store_below(const std::filesystem::path& root, const Workspace& workspace);

/// Installs what was collected for programs that run from `root`. For those of this machine it is
/// kept beside the layers, and shown at its place by show_dependency_data.
void install_dependency_data(const Workspace& workspace, const std::filesystem::path& data,
                             const std::filesystem::path& root);

/// Where a machine's installed programs have the data of their dependencies.
std::filesystem::path kept_dependency_data(const Workspace& workspace);

/// Shows the kept data at its place: links to units that the sandbox which is there, if any, does
/// not have itself.
void show_dependency_data(const Workspace& workspace);

/// Whether a path in a sandbox is such a link, which is no part of the layer: cabal would take it
/// for the unit.
bool is_shown_data(const std::filesystem::path& sandbox, const std::filesystem::path& path);

}  // namespace halcyon
