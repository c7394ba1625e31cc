#include "haskell/project.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr std::uint64_t max_size = 4U << 20U;

constexpr int max_imports = 20;

/// Fields that cannot change how a dependency is built: they name local packages, versions (which
/// the constraints pin anyway) or the compiler (which has a tag of its own), or are, at the top,
/// about local packages only.
constexpr std::array<std::string_view, 13> neutral_fields{"packages",
                                                          "optional-packages",
                                                          "tests",
                                                          "benchmarks",
                                                          "index-state",
                                                          "constraints",
                                                          "with-compiler",
                                                          "ghc-options",
                                                          "flags",
                                                          "optimization",
                                                          "jobs",
                                                          "verbose",
                                                          "write-ghc-environment-files"};

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

class Reader {
 public:
  Reader(const fs::path& dir, Project& project) : dir_(dir), project_(project) {}

  /// Reads a file, if it is there; its name is relative to the app's directory.
  void read(const fs::path& name) {
    const fs::path file = name.lexically_normal();
    const bool is_inside = !file.is_absolute() && *file.begin() != "..";
    if (is_inside && fs::is_regular_file(dir_ / file)) project_.files.push_back(file);
    const std::vector<Line> all = read_lines(dir_ / name);
    for (std::size_t i = 0; i < all.size();) {
      const Line& first = all[i];
      const std::string field = first.field();
      std::string value = field.empty() ? "" : first.text.substr(first.text.find(':') + 1);
      const std::size_t start = i++;
      while (i < all.size() && all[i].indent > first.indent) value += "\n" + all[i++].text;
      if (field == "import" && import(std::string(trim(value)))) continue;
      take(field, std::string(trim(value)));
      if (std::find(neutral_fields.begin(), neutral_fields.end(), field) != neutral_fields.end()) {
        continue;
      }
      for (std::size_t k = start; k < i; ++k) {
        project_.settings += std::string(all[k].indent, ' ') + all[k].text + "\n";
      }
    }
  }

 private:
  void take(const std::string& field, const std::string& value) {
    if (field == "packages") project_.packages += value + "\n";
    if (field == "optional-packages") project_.optional_packages += value + "\n";
    if (field == "index-state") project_.index_state = value;
    if (field == "with-compiler") project_.with_compiler = compiler_version(value);
  }

  /// Reads an imported file of the app itself. Others are cabal's business.
  bool import(const std::string& name) {
    const fs::path file = dir_ / name;
    if (name.find("://") != std::string::npos || !fs::is_regular_file(file)) return false;
    if (++imports_ > max_imports) {
      throw Error("project::imports", "cabal.project imports too many files")
          .why("One of them probably imports itself: " + name);
    }
    read(name);
    return true;
  }

  const fs::path& dir_;
  Project& project_;
  int imports_ = 0;
};

/// A cabal.config may hold nothing but other settings: then it is no constraints file.
bool has_constraints(const fs::path& file) {
  const std::vector<Line> all = read_lines(file);
  return std::any_of(all.begin(), all.end(), [](const Line& line) {
    return line.indent == 0 && line.field() == "constraints";
  });
}

}  // namespace

std::string compiler_version(std::string_view value) {
  const fs::path path(trim(value));
  const std::string program = path.filename().string();
  if (program.starts_with("ghc-") && is_version(program.substr(4))) return program.substr(4);
  if (program != "ghc") return {};
  for (const fs::path& part : path) {
    if (is_version(part.string())) return part.string();
  }
  return {};
}

Project read_project(const fs::path& dir) {
  Project project;
  project.has_project_file = fs::is_regular_file(dir / project_file);
  Reader reader(dir, project);
  reader.read(project_file);
  reader.read("cabal.project.local");
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
