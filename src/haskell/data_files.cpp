#include "haskell/data_files.h"

#include <algorithm>
#include <set>

#include "base/files.h"
#include "base/text.h"

namespace halcyon {
namespace {

/// `*` stands for at least one character here, never for a slash.
bool matches_name(std::string_view name, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  const std::string_view ending = pattern.substr(star + 1);
  return name.size() > star + ending.size() && name.starts_with(pattern.substr(0, star)) &&
         name.ends_with(ending);
}

bool matches_parts(const std::vector<std::string>& path, std::size_t i,
                   const std::vector<std::string>& pattern, std::size_t j) {
  if (j == pattern.size()) return i == path.size();
  if (pattern[j] == "**") {
    for (std::size_t k = i; k < path.size(); ++k) {
      if (matches_parts(path, k, pattern, j + 1)) return true;
    }
    return false;
  }
  return i < path.size() && matches_name(path[i], pattern[j]) &&
         matches_parts(path, i + 1, pattern, j + 1);
}

}  // namespace

bool matches_data_pattern(std::string_view path, std::string_view pattern) {
  if (pattern.starts_with("./")) pattern.remove_prefix(2);
  return matches_parts(split(path, '/'), 0, split(pattern, '/'), 0);
}

std::vector<fs::path> expand_data_files(const fs::path& base,
                                        const std::vector<std::string>& patterns) {
  std::set<fs::path> files;
  if (patterns.empty() || !fs::is_directory(base)) return {};
  for (const fs::path& path : walk(base)) {
    if (fs::is_directory(base / path)) continue;
    const bool wanted =
        std::any_of(patterns.begin(), patterns.end(), [&path](const std::string& pattern) {
          return matches_data_pattern(path.string(), pattern);
        });
    if (wanted) files.insert(path);
  }
  return {files.begin(), files.end()};
}

std::string baked_data_dir(const fs::path& dist, const std::string& package) {
  std::string module = "Paths_" + package + ".hs";
  std::replace(module.begin(), module.end(), '-', '_');
  if (!fs::is_directory(dist / "build")) return {};
  for (const fs::path& path : walk(dist / "build")) {
    if (path.filename() != module) continue;
    for (const std::string& line : lines(read_file(dist / "build" / path))) {
      const std::vector<std::string> parts = split(line, '"');
      if (line.starts_with("datadir") && parts.size() == 3) return parts[1];
    }
  }
  return {};
}

}  // namespace halcyon
