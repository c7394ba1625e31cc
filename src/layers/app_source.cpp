#include "layers/app_source.h"

#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "layers/tools.h"

namespace halcyon {

constexpr const char* freeze_file = "cabal.project.freeze";
constexpr const char* local_project_file = "cabal.project.local";

bool is_not_source(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name == ".git" || name == "dist-newstyle" || name == ".stack-work" ||
      name == ".cabal-sandbox" || name == "cabal.sandbox.config" ||
      name.starts_with(".ghc.environment.")) {
    return true;
  }
  // At the top only: apps may well have such names further down.
  return path == ".halcyon" || path == "dist";
}

namespace {

/// Without the field `active-repositories`: it names the repositories of the machine on which the
/// file was made, and cabal gives up over one that is not configured.
std::string without_active_repositories(std::string_view text) {
  std::string result;
  bool inside = false;
  for (const std::string& line : lines(text)) {
    inside = line.starts_with("active-repositories:") ||
             (inside && (line.starts_with(' ') || line.starts_with('\t')));
    if (!inside) result += line + "\n";
  }
  return result;
}

/// Writes a file unless it has that content: its time tells cabal what changed.
void update_file(const fs::path& file, const std::string& text) {
  if (read_file_if_any(file) != text) write_file(file, text);
}

/// The project_files; the app's own cabal.project.local with the extra packages.
void write_project(const AppSource& source, const fs::path& copy) {
  for (const auto& [name, text] : source.project_files) update_file(copy / name, text);
  const auto ours = source.project_files.find(local_project_file);
  std::string text = ours != source.project_files.end()
                         ? ours->second
                         : read_file_if_any(source.dir / local_project_file).value_or("");
  if (!source.extra_packages.empty()) {
    text += "\npackages:\n";
    for (const fs::path& file : walk(source.extra_packages)) {
      text += "  " + (source.extra_packages / file).string() + "\n";
    }
  }
  const fs::path file = copy / local_project_file;
  if (text.empty()) {
    fs::remove(file);
  } else {
    update_file(file, text);
  }
}

}  // namespace

void remove_local_packages(Constraints& constraints, const AppSource& source) {
  for (const Package& package : source.packages) constraints.remove(package.name);
}

bool is_not_copied(const fs::path& path) {
  return path == freeze_file || path == local_project_file || is_not_source(path);
}

void write_constraints(const AppSource& source, const fs::path& copy) {
  const std::string text = source.has_own_constraints
                               ? without_active_repositories(read_file(source.dir / freeze_file))
                               : source.constraints.format();
  update_file(copy / freeze_file, text);
  write_project(source, copy);
}

Command project_command(const Workspace& workspace, const CabalRepo& repo, const fs::path& copy,
                        const fs::path& build_dir, const std::vector<std::string>& words) {
  Command command = cabal_command(workspace, repo, words);
  command.argv.push_back("--builddir=" + build_dir.string());
  command.argv.push_back("--with-compiler=" +
                         (workspace.layer_dir("ghc") / "bin" / "ghc").string());
  command.dir = copy;
  return command;
}

void choose_components(Command& command, const AppSource& source) {
  command.argv.emplace_back(source.tests ? "--enable-tests" : "--disable-tests");
  command.argv.emplace_back("--disable-benchmarks");
}

void offer_source_distributions(const Workspace& workspace) {
  const fs::path kept = workspace.layer_dir("sandbox") / "packages";
  if (fs::is_directory(kept)) copy_tree(kept, workspace.layer_dir("cabal") / "packages");
}

void keep_source_distributions(const Workspace& workspace, const CabalRepo& repo,
                               const Constraints& constraints) {
  const fs::path downloads = workspace.layer_dir("cabal") / "packages" / repo.name;
  const fs::path kept = workspace.layer_dir("sandbox") / "packages" / repo.name;
  for (const auto& [name, constraint] : constraints.all()) {
    for (const std::string& version : constraint.versions()) {
      const fs::path file = fs::path(name) / version / (name + "-" + version + ".tar.gz");
      if (fs::exists(downloads / file)) halcyon::copy_file(downloads / file, kept / file);
    }
  }
}

fs::path fetched_sources(const fs::path& build_dir) { return build_dir / "src"; }

Constraints solve_constraints(const Workspace& workspace, const CabalRepo& repo,
                              const AppSource& source, const Constraints* within) {
  const TempDir work(workspace.temp(), "solve-");
  const fs::path copy = work.path() / "source";
  copy_tree(source.dir, copy, is_not_copied);
  write_project(source, copy);
  if (within != nullptr) write_file_lightly(copy / freeze_file, within->format());
  const Stopwatch watch;
  log::begin("Resolving dependencies");
  Command freeze = project_command(workspace, repo, copy, work.path() / "dist", {"v2-freeze"});
  choose_components(freeze, source);
  freeze.output = Output::file;
  freeze.log_file = workspace.log_file("constraints");
  run_tool(workspace, "resolve the dependencies of " + source.package.label(),
           "constraints::unsolvable", freeze);
  log::end(watch.done());
  const fs::path frozen = copy / freeze_file;
  Constraints constraints = Constraints::parse(read_file(frozen), freeze_file);
  remove_local_packages(constraints, source);
  return constraints;
}

}  // namespace halcyon
