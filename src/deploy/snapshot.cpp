#include "deploy/snapshot.h"

#include "base/log.h"
#include "base/text.h"
#include "haskell/stack.h"
#include "layers/boot_packages.h"

namespace halcyon {

std::optional<Constraints> stack_constraints(Run& run, AppSource& source) {
  const fs::path file = source.dir / "stack.yaml";
  const auto text = read_file_if_any(file);
  if (!text) return {};
  const StackFile project = parse_stack_project(*text, file.string());
  const auto fetch = [&run](const std::string& url) {
    log::detail("Downloading " + log::redact(url));
    return run.fetch(url, "the snapshot", "Check stack.yaml and HALCYON_STACKAGE_URL");
  };
  Constraints constraints =
      resolve_snapshot(project, source.dir, run.options().get("stackage-url"), fetch);
  for (const std::string& field : project.passed_over) {
    log::warning("stack.yaml: " + field + " is passed over; cabal.project can say it");
  }
  // An app that has a cabal.project has said all this there.
  if (!source.project.has_project_file) {
    const StackProjectText said = cabal_project_text(project, constraints);
    const std::string ours = said.packages + said.settings;
    if (!ours.empty()) source.project_files[project_file] = ours;
    source.project.settings += said.settings;
  }
  return constraints;
}

void leave_to_ghc(const Workspace& workspace, Constraints& snapshot) {
  for (const Label& package : boot_packages(workspace)) {
    const Constraint* pin = snapshot.find(package.name);
    if (pin == nullptr || pin->version.empty()) snapshot.installed.insert(package.name);
  }
}

Constraints solve_within(const Workspace& workspace, const CabalRepo& repo, const AppSource& source,
                         const Constraints& snapshot) {
  Constraints solved;
  try {
    solved = solve_constraints(workspace, repo, source, &snapshot);
  } catch (Error& error) {
    error.fix(
        "Take another snapshot, or add versions to extra-deps in stack.yaml, or freeze the\n"
        "dependencies yourself: cabal freeze");
    throw;
  }
  std::vector<std::string> newest;
  for (const auto& [name, constraint] : solved.all()) {
    const Constraint* pin = snapshot.find(name);
    const bool pinned = pin != nullptr && !pin->version.empty();
    if (!pinned && !snapshot.installed.contains(name) && !constraint.version.empty()) {
      newest.push_back(name + "-" + constraint.version);
    }
  }
  if (!newest.empty()) {
    log::warning("The snapshot does not have " + join(newest, ", ") +
                 ": using the newest versions, so this build is not reproducible.\n"
                 "Add them to extra-deps in stack.yaml, or freeze all dependencies and commit the "
                 "file:\n"
                 "  halcyon constraints > cabal.project.freeze");
  }
  return solved;
}

}  // namespace halcyon
