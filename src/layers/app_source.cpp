#include "layers/app_source.h"

#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "layers/tools.h"

namespace halcyon {

constexpr const char* freeze_file = "cabal.project.freeze";

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

}  // namespace

bool is_not_copied(const fs::path& path) { return path == freeze_file || is_not_source(path); }

void write_constraints(const AppSource& source, const fs::path& copy) {
  const std::string text = source.has_own_constraints
                               ? without_active_repositories(read_file(source.dir / freeze_file))
                               : source.constraints.format();
  const fs::path file = copy / freeze_file;
  if (read_file_if_any(file) != text) write_file(file, text);
}

Command cabal_command(const Workspace& workspace, const CabalRepo& repo, const fs::path& copy,
                      const fs::path& build_dir, const std::vector<std::string>& words) {
  Command command;
  command.argv = {(workspace.layer_dir("cabal") / "bin" / "cabal").string(),
                  "--config-file=" + write_cabal_config(workspace, repo).string()};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.argv.push_back("--builddir=" + build_dir.string());
  command.argv.push_back("--with-compiler=" +
                         (workspace.layer_dir("ghc") / "bin" / "ghc").string());
  command.dir = copy;
  command.env = workspace.tools();
  command.env["CABAL_DIR"] = (workspace.temp() / "home" / ".cabal").string();
  return command;
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
    const fs::path file =
        fs::path(name) / constraint.version / (name + "-" + constraint.version + ".tar.gz");
    if (fs::exists(downloads / file)) halcyon::copy_file(downloads / file, kept / file);
  }
}

Constraints solve_constraints(const Workspace& workspace, const CabalRepo& repo,
                              const AppSource& source) {
  const TempDir work(workspace.temp(), "solve-");
  const fs::path copy = work.path() / "source";
  copy_tree(source.dir, copy, is_not_copied);
  const Stopwatch watch;
  log::begin("Resolving dependencies");
  Command freeze = cabal_command(workspace, repo, copy, work.path() / "dist", {"v2-freeze"});
  freeze.output = Output::file;
  freeze.log_file = workspace.log_file("constraints");
  run_tool(workspace, "resolve the dependencies of " + source.package.label(),
           "constraints::unsolvable", freeze);
  log::end(watch.done());
  const fs::path frozen = copy / freeze_file;
  Constraints constraints = Constraints::parse(read_file(frozen), freeze_file);
  constraints.remove(source.package.name);
  return constraints;
}

}  // namespace halcyon
