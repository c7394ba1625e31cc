#include "haskell/local_packages.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr std::uint64_t max_description = 4U << 20U;
constexpr std::size_t max_alternatives = 1000;

/// The items of the field: separated by white space or commas, but not by those inside braces.
std::vector<std::string> pattern_items(std::string_view text) {
  std::vector<std::string> items(1);
  int depth = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && depth <= 0 && (c == ',' || trim({&c, 1}).empty())) {
      items.emplace_back();
    } else {
      if (c == '{') ++depth;
      if (c == '}') --depth;
      items.back() += c;
    }
  }
  std::erase_if(items, [](const std::string& item) { return item.empty(); });
  return items;
}

/// What "lib/{a,b}/*.cabal" stands for: "lib/a/*.cabal" and "lib/b/*.cabal".
std::vector<std::string> expand_braces(const std::string& pattern) {
  std::vector<std::string> pending{pattern};
  std::vector<std::string> done;
  while (!pending.empty() && done.size() + pending.size() < max_alternatives) {
    const std::string text = std::move(pending.front());
    pending.erase(pending.begin());
    const std::size_t open = text.rfind('{');  // an innermost pair
    const std::size_t close = open == std::string::npos ? open : text.find('}', open);
    if (close == std::string::npos) {
      done.push_back(text);
      continue;
    }
    std::vector<std::string> expanded;
    for (const std::string& choice : split(text.substr(open + 1, close - open - 1), ',')) {
      expanded.push_back(text.substr(0, open) + choice + text.substr(close + 1));
    }
    pending.insert(pending.begin(), expanded.begin(), expanded.end());
  }
  return done;
}

/// `*` stands for any characters of a name. Never goes back further than the last star.
bool matches(std::string_view name, std::string_view pattern) {
  std::size_t i = 0;
  std::size_t j = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (i < name.size()) {
    if (j < pattern.size() && pattern[j] == '*') {
      star = j++;
      retry = i;
    } else if (j < pattern.size() && pattern[j] == name[i]) {
      ++i;
      ++j;
    } else if (star != std::string_view::npos) {
      j = star + 1;
      i = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', j) == std::string_view::npos;
}

std::vector<std::string> sorted_entries(const fs::path& dir) {
  std::vector<std::string> names;
  if (!fs::is_directory(dir)) return names;
  for (const auto& entry : fs::directory_iterator(dir)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The files and directories that a pattern without braces names.
std::vector<fs::path> expand_stars(const fs::path& dir, const std::string& pattern) {
  std::vector<fs::path> found{dir};
  for (const std::string& part : split(pattern, '/')) {
    if (part.empty() || part == ".") continue;
    std::vector<fs::path> next;
    for (const fs::path& place : found) {
      if (part.find('*') == std::string::npos) {
        if (fs::exists(place / part)) next.push_back(place / part);
        continue;
      }
      for (const std::string& name : sorted_entries(place)) {
        const bool hidden = name.starts_with('.') || name == "dist-newstyle";
        if (!hidden && matches(name, part)) next.push_back(place / name);
      }
    }
    found = std::move(next);
  }
  return found;
}

std::vector<fs::path> descriptions_in(const fs::path& dir) {
  std::vector<fs::path> files;
  for (const std::string& name : sorted_entries(dir)) {
    const fs::path file = dir / name;
    if (file.extension() == ".cabal" && name != ".cabal" && fs::is_regular_file(file)) {
      files.push_back(file);
    }
  }
  return files;
}

/// The package descriptions that one item of the field names.
std::vector<fs::path> find_item(const fs::path& dir, const std::string& item) {
  std::vector<fs::path> files;
  for (const std::string& pattern : expand_braces(item)) {
    for (const fs::path& path : expand_stars(dir, pattern)) {
      if (path.extension() == ".cabal" && fs::is_regular_file(path)) {
        files.push_back(path);
      } else if (fs::is_directory(path)) {
        const std::vector<fs::path> inside = descriptions_in(path);
        if (inside.size() > 1) {
          throw Error("package::several",
                      "There are several package descriptions in " + path.string())
              .fix("Name one of them in cabal.project, with its .cabal file");
        }
        files.insert(files.end(), inside.begin(), inside.end());
      }
    }
  }
  return files;
}

bool leads_outside(const std::string& item) {
  const std::vector<std::string> parts = split(item, '/');
  return item.starts_with('/') || item.starts_with('~') ||
         std::find(parts.begin(), parts.end(), "..") != parts.end();
}

}  // namespace

std::vector<fs::path> find_packages(const fs::path& dir, std::string_view patterns, bool optional) {
  std::vector<fs::path> files;
  std::set<fs::path> known;
  for (const std::string& item : pattern_items(patterns)) {
    if (item.find("://") != std::string::npos || item.ends_with(".tar.gz")) continue;
    if (leads_outside(item)) {
      throw Error("project::outside", "cabal.project names a package outside of the app: " + item)
          .why("Only what is in the app's own directory is deployed with it")
          .fix(
              "Move the package into the app's directory, or name it as a "
              "source-repository-package");
    }
    const std::vector<fs::path> found = find_item(dir, item);
    if (found.empty() && !optional) {
      // The app's own directory: that error says more.
      const std::string name = item.starts_with("./") ? item.substr(2) : item;
      if (name.empty() || name == "." || name == "*.cabal") read_package(dir);
      throw Error("project::no-package", "cabal.project names a package that is not there: " + item)
          .why("Looked for a .cabal file in " + dir.string())
          .fix("Commit the package (a submodule, too), or take it out of `packages:`");
    }
    for (const fs::path& file : found) {
      if (known.insert(file.lexically_normal()).second) files.push_back(file.lexically_normal());
    }
  }
  return files;
}

std::vector<Package> read_packages(const fs::path& dir, const Project& project) {
  std::vector<fs::path> files = find_packages(dir, project.packages, false);
  for (const fs::path& file : find_packages(dir, project.optional_packages, true)) {
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  if (files.empty()) return {read_package(dir)};
  std::vector<Package> packages;
  for (const fs::path& file : files) {
    Package package = parse_package(read_file(file, max_description), file.string());
    package.file = file;
    packages.push_back(std::move(package));
  }
  return packages;
}

const Package& main_package(const std::vector<Package>& packages) {
  const auto found = std::find_if(packages.begin(), packages.end(),
                                  [](const Package& one) { return !one.executables.empty(); });
  return found == packages.end() ? packages.front() : *found;
}

Package read_app(const fs::path& dir) {
  return main_package(read_packages(dir, read_project(dir)));
}

}  // namespace halcyon
