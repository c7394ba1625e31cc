#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "haskell/package.h"
#include "haskell/project.h"

/// The packages of an app's own project (cabal user guide, "Specifying the local packages").
namespace halcyon {

/// The package descriptions that `packages:` (or `optional-packages:`) names, in its order and,
/// where a pattern names several, sorted: directories, .cabal files, `*` and `{a,b}` in any part of
/// a path. Archives and URLs are no local packages. Errors: "project::no-package" when a path names
/// nothing (unless optional), "project::outside" when it leads out of `dir`, which is all that is
/// ever copied, "package::several".
std::vector<std::filesystem::path> find_packages(const std::filesystem::path& dir,
                                                 std::string_view patterns, bool optional);

/// The packages of the project in `dir`, in its order, at least one. Without a cabal.project that
/// names any it is the one in `dir` itself. Errors of find_packages, read_package, parse_package.
std::vector<Package> read_packages(const std::filesystem::path& dir, const Project& project);

/// The one that gives the app its label and its web process: the first with an executable, else the
/// first.
const Package& main_package(const std::vector<Package>& packages);

/// The app in a directory: its main package.
Package read_app(const std::filesystem::path& dir);

}  // namespace halcyon
