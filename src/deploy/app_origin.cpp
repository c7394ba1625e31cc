#include "deploy/app_origin.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "haskell/package.h"
#include "layers/app_source.h"
#include "layers/tools.h"

namespace halcyon {
namespace {

/// A directory of the run for one source.
fs::path fresh_dir(const Run& run, const std::string& name) {
  constexpr std::size_t enough = 12;
  fs::path dir = run.workspace().temp() / "fetched" / sha1(name).substr(0, enough);
  remove_tree(dir);
  fs::create_directories(dir);
  return dir;
}

/// Unpacks a package with the Cabal layer's program; whether the server has it.
bool get_package(const Run& run, const CabalRepo& repo, const std::string& label,
                 const fs::path& dir) {
  const Workspace& ws = run.workspace();
  Command get = cabal_command(ws, repo, {"get", label, "--destdir=" + dir.string()});
  get.output = Output::file;
  get.log_file = ws.log_file("cabal");
  fs::create_directories(ws.log_file("cabal").parent_path());
  fs::create_directories(get.env["CABAL_DIR"]);
  const Outcome outcome = halcyon::run(get);
  if (outcome.ok()) return true;
  log::end("failed");
  log::detail(outcome.errors);
  return false;
}

}  // namespace

AppOrigin AppOrigin::parse(const std::string& text, const fs::path& base) {
  AppOrigin origin;
  origin.text = log::redact(text);
  if (GitUrl::matches(text)) {
    origin.kind = Kind::git;
    origin.git = GitUrl::parse(text);
    origin.text = log::redact(text);  // parse knows what is secret in it
    return origin;
  }
  const fs::path dir = base / text;
  if (fs::is_directory(dir)) {
    origin.dir = fs::canonical(dir);
    return origin;
  }
  const bool is_path = text.find('/') != std::string::npos || text.starts_with('.');
  try {
    if (!is_path) parse_label(text);
  } catch (const Error&) {
    throw Error("app::unknown", "This is no app: " + origin.text)
        .why("There is no such directory, and it is neither a git URL nor the label of a package")
        .fix("Give a directory, a label (hello-1.0) or a git URL (https://host/you/app#branch)");
  }
  if (is_path) {
    throw Error("app::not-a-directory", "There is no directory " + origin.text)
        .why("Looked for " + log::redact(dir.string()))
        .fix("Give a directory, a label (hello-1.0) or a git URL (https://host/you/app#branch)");
  }
  origin.kind = Kind::label;
  return origin;
}

std::string AppOrigin::identity(Run& run) const {
  switch (kind) {
    case Kind::directory:
      return "directory " + tree_digest(dir, is_not_source);
    case Kind::git:
      return "git " + run.git().commit(git);
    case Kind::label:
      break;
  }
  return "label " + text;
}

fs::path AppOrigin::fetch(Run& run) const {
  if (kind == Kind::directory) return dir;
  if (kind == Kind::label) return fetch_label(run);
  const Stopwatch watch;
  log::begin("Fetching " + text);
  fs::path into = fresh_dir(run, git.url + "#" + git.branch);
  const std::string commit = run.git().commit(git);
  run.git().fetch(git, commit, into);
  constexpr std::size_t shown = 7;
  log::end(commit.substr(0, shown) + ", " + watch.done());
  return into;
}

fs::path AppOrigin::fetch_label(Run& run) const {
  const bool is_exact = !parse_label(text).version.empty();
  const bool may_build = run.may_build_dependencies();
  const CabalRepo repo = run.cabal_repo();
  const fs::path into = fresh_dir(run, text);
  // An old index is good enough for a version that it has.
  bool found = false;
  for (const bool any_age : {true, false}) {
    if (found || (any_age ? !is_exact && may_build : !may_build)) continue;
    UpdatedCabalLayer cabal(run.workspace(), run.keeper(), run.cabal_version(), repo, any_age);
    run.keeper().realise(cabal, run.options().flag("cabal-update"), may_build);
    const Stopwatch watch;
    log::begin("Fetching " + text + " from " + log::redact(repo.url));
    found = get_package(run, repo, text, into);
    if (found) log::end(watch.done());
  }
  if (!found) {
    throw Error("app::not-found", "The package server has no " + text)
        .why(log::redact(repo.url) + " was asked, and there is no directory of that name")
        .fix("Check the name, and HALCYON_CABAL_REPO. If it is younger than a day: --cabal-update");
  }
  fs::path unpacked = fs::directory_iterator(into)->path();
  if (!is_exact) {
    log::warning("Using the newest version of " + text + ": " + unpacked.filename().string() +
                 "\nName the version for a build that stays the same.");
  }
  return unpacked;
}

}  // namespace halcyon
