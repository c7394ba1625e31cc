#include "haskell/project.h"

#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr std::uint64_t max_size = 4U << 20U;

/// Fields that cannot change how a dependency is built: they name local packages, versions (which
/// the constraints pin anyway) or the compiler (which has a tag of its own).
constexpr std::array<std::string_view, 7> neutral_fields{
    "packages",    "optional-packages", "tests",      "benchmarks",
    "index-state", "with-compiler",     "constraints"};

/// A line of a project file with its indentation, comments and blank lines left out.
struct Line {
  std::size_t indent;
  std::string text;

  /// "field" of "field: value", lower case; empty for anything else.
  std::string field() const {
    const std::size_t colon = text.find(':');
    return colon == std::string::npos ? "" : lower(trim(std::string_view(text).substr(0, colon)));
  }
};

std::vector<Line> read_lines(const fs::path& file) {
  std::vector<Line> all;
  std::string text = read_file_if_any(file, max_size).value_or("");
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  for (const std::string& line : lines(text)) {
    const std::string_view content = trim(line);
    if (content.empty() || content.starts_with("--")) continue;
    all.push_back({line.find(content.front()), std::string(content)});
  }
  return all;
}

/// The version in "ghc-9.0.2" or "/opt/ghc/bin/ghc-9.0.2"; empty for "ghc" and other compilers.
std::string compiler_version(std::string_view value) {
  const std::string program = fs::path(trim(value)).filename().string();
  if (!program.starts_with("ghc-") || !is_version(program.substr(4))) return {};
  return program.substr(4);
}

void read_project_file(const fs::path& file, Project& project) {
  const std::vector<Line> all = read_lines(file);
  for (std::size_t i = 0; i < all.size();) {
    const Line& first = all[i];
    std::string value = first.field().empty() ? "" : first.text.substr(first.text.find(':') + 1);
    const std::size_t start = i++;
    while (i < all.size() && all[i].indent > first.indent) value += " " + all[i++].text;
    const std::string field = first.field();
    if (field == "with-compiler") project.with_compiler = compiler_version(value);
    if (std::find(neutral_fields.begin(), neutral_fields.end(), field) != neutral_fields.end()) {
      continue;
    }
    for (std::size_t k = start; k < i; ++k) {
      project.settings += std::string(all[k].indent, ' ') + all[k].text + "\n";
    }
  }
}

/// A cabal.config may hold nothing but other settings: then it is no constraints file.
bool has_constraints(const fs::path& file) {
  const std::vector<Line> all = read_lines(file);
  return std::any_of(all.begin(), all.end(), [](const Line& line) {
    return line.indent == 0 && line.field() == "constraints";
  });
}

}  // namespace

Project read_project(const fs::path& dir) {
  Project project;
  project.has_project_file = fs::is_regular_file(dir / "cabal.project");
  read_project_file(dir / "cabal.project", project);
  read_project_file(dir / "cabal.project.local", project);
  const fs::path frozen = dir / "cabal.project.freeze";
  const fs::path old_style = dir / "cabal.config";
  // Empty is what the shell makes of it for `halcyon constraints > cabal.project.freeze`.
  if (fs::is_regular_file(frozen) && !fs::is_empty(frozen)) {
    project.freeze = frozen;
  } else if (fs::is_regular_file(old_style) && has_constraints(old_style)) {
    project.freeze = old_style;
  }
  return project;
}

}  // namespace halcyon
