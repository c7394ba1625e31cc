#include "haskell/git_sources.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"
#include "net/git.h"

namespace halcyon {
namespace {

std::size_t indent_of(const std::string& line) { return line.find_first_not_of(" \t"); }

/// Blank lines and comments belong to whatever they stand in.
bool says_nothing(const std::string& line) {
  return trim(line).empty() || trim(line).starts_with("--");
}

/// git can fetch a whole commit by its id, but has to download all for an abbreviated one.
bool is_abbreviated_commit(const std::string& revision) {
  constexpr std::size_t shortest = 4;
  constexpr std::size_t whole = 40;
  return revision.size() >= shortest && revision.size() < whole &&
         revision.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool stays_inside(const std::string& dir) {
  const std::vector<std::string> parts = split(dir, '/');
  return !dir.starts_with('/') && std::find(parts.begin(), parts.end(), "..") == parts.end();
}

/// What a stanza says; nothing when it is not ours to take.
std::optional<GitSource> parse_stanza(const std::vector<std::string>& body) {
  std::vector<std::string> fields;
  std::size_t indent = std::string::npos;
  for (const std::string& line : body) {
    if (says_nothing(line)) continue;
    indent = std::min(indent, indent_of(line));
    if (indent_of(line) == indent) {
      fields.emplace_back(trim(line));
    } else {
      fields.back() += " " + std::string(trim(line));
    }
  }
  GitSource source;
  std::string type;
  std::string branch;
  const std::map<std::string, std::string*> places{{"type", &type},
                                                   {"location", &source.location},
                                                   {"tag", &source.revision},
                                                   {"branch", &branch}};
  for (const std::string& field : fields) {
    const std::size_t colon = field.find(':');
    if (colon == std::string::npos || field.find('"') != std::string::npos) return {};
    const std::string name = lower(trim(std::string_view(field).substr(0, colon)));
    std::vector<std::string> values = words(std::string_view(field).substr(colon + 1));
    if (name == "subdir") {
      source.subdirs = std::move(values);
      continue;
    }
    const auto place = places.find(name);
    if (place == places.end() || values.size() != 1) return {};
    *place->second = values.front();
  }
  if (source.revision.empty()) source.revision = branch;
  const bool ours = lower(type) == "git" && GitUrl::matches(source.location) &&
                    !is_abbreviated_commit(source.revision) &&
                    std::all_of(source.subdirs.begin(), source.subdirs.end(), stays_inside);
  return ours ? std::optional(std::move(source)) : std::nullopt;
}

}  // namespace

std::vector<GitSource> take_git_sources(std::string& text) {
  std::vector<GitSource> sources;
  std::string rest;
  const std::vector<std::string> all = lines(text);
  for (std::size_t i = 0; i < all.size();) {
    const std::size_t header = i++;
    if (lower(all[header]).starts_with("source-repository-package")) {
      while (i < all.size() && (says_nothing(all[i]) || indent_of(all[i]) > 0)) ++i;
      const auto at = [&all](std::size_t n) {
        return all.begin() + static_cast<std::ptrdiff_t>(n);
      };
      const bool alone = trim(all[header]).find_first_of(" \t{:") == std::string_view::npos;
      auto source = alone ? parse_stanza({at(header + 1), at(i)}) : std::nullopt;
      if (source) {
        sources.push_back(std::move(*source));
        continue;
      }
    }
    for (std::size_t line = header; line < i; ++line) rest += all[line] + "\n";
  }
  if (!sources.empty()) text = std::move(rest);
  return sources;
}

}  // namespace halcyon
