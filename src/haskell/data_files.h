#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace halcyon {

/// Whether a relative path matches a pattern of `data-files` (cabal user guide): `*` for the stem
/// of a file name ("static/*.css" matches "static/a.css", and "a.min.css" too since cabal 2.4),
/// `**` for any directories ("static/**/*.css").
bool matches_data_pattern(std::string_view path, std::string_view pattern);

/// The files below `base` that the patterns name, relative to it, sorted. A pattern without `*`
/// that names nothing is passed over: cabal warns of it.
std::vector<std::filesystem::path> expand_data_files(const std::filesystem::path& base,
                                                     const std::vector<std::string>& patterns);

/// The data directory that was compiled into a local package's Paths module; empty when it has
/// none. `dist` is cabal's build directory.
std::string baked_data_dir(const std::filesystem::path& dist, const std::string& package);

}  // namespace halcyon
