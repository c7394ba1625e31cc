#include "deploy/commands.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "deploy/app_origin.h"
#include "deploy/deployment.h"
#include "haskell/local_packages.h"
#include "net/http.h"

namespace halcyon {
namespace {

/// The app given on the command line; nothing for "the environment only".
std::optional<AppOrigin> named_app(const Options& options, const std::string& app) {
  if (options.flag("no-app")) return {};
  if (app.empty() && !looks_like_haskell(fs::current_path())) return {};
  return AppOrigin::parse(app.empty() ? "." : app, fs::current_path());
}

/// As named_app, for the commands that need an app.
AppOrigin required_app(const Options& options, const std::string& app) {
  const auto named = named_app(options, app);
  return named ? *named : AppOrigin::parse(".", fs::current_path());
}

/// Reads the magic files of an app that is here already: before anything is changed.
void read_local_magic(Options& options, const AppOrigin& app) {
  if (app.kind == AppOrigin::Kind::directory) options.read_magic(app.dir);
}

/// The app's source, and its magic files read.
fs::path open_app(Run& run, Options& options, const AppOrigin& app) {
  fs::path source = app.fetch(run);
  if (app.kind != AppOrigin::Kind::directory) options.read_magic(source);
  return source;
}

/// What deploy and build do without an app.
void make_environment_only(Options& options, const Environment& environment,
                           bool upload_must_work) {
  Run run(options, environment, upload_must_work);
  run.begin();
  make_environment(run);
  run.end();
  log::step("GHC and Cabal are in " + run.workspace().root().string());
}

/// The package description of an app, for the commands that need no more.
Package describe_app(Options& options, const Environment& environment, const std::string& app) {
  const AppOrigin origin = required_app(options, app);
  if (origin.kind == AppOrigin::Kind::directory) return read_app(origin.dir);
  init_net();
  options.set("no-clean-cache", "1");
  Run run(options, environment, false);
  run.begin();
  return read_app(origin.fetch(run));
}

}  // namespace

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error("output::failed", "Cannot write to standard output");
  }
}

void command_deploy(Options& options, const Environment& environment, const std::string& app) {
  const auto origin = named_app(options, app);
  if (!origin) return make_environment_only(options, environment, false);
  read_local_magic(options, *origin);
  Run run(options, environment, false);
  run.begin();
  Deployment deployment(run, open_app(run, options, *origin));
  log::step("Deploying " + deployment.label());
  deployment.make_app(Deployment::Purpose::install);
  const fs::path root = options.path("root");
  deployment.install(root, (root / run.workspace().prefix.relative_path()).string());
  if (options.get("app-extra-copy") == "all") {
    deployment.copy_layers(root / run.workspace().app_dir.relative_path());
  }
  deployment.hold_dependencies();
  if (!deployment.keeps_layers()) deployment.remove_layers();
  run.end();
  log::step("App deployed: " + deployment.label());
}

void command_build(Options& options, const Environment& environment, const std::string& app) {
  if (options.flag("no-app")) return make_environment_only(options, environment, true);
  const AppOrigin origin = required_app(options, app);
  read_local_magic(options, origin);
  Run run(options, environment, true);
  run.begin();
  Deployment deployment(run, open_app(run, options, origin));
  log::step("Building " + deployment.label());
  deployment.make_app(Deployment::Purpose::keep);
  deployment.hold_dependencies();
  run.end();
  log::step("App built: " + deployment.label());
}

void command_restore(Options& options, const Environment& environment, const std::string& app) {
  const AppOrigin origin = required_app(options, app);
  read_local_magic(options, origin);
  options.set_default("no-build", "1");
  options.set_default("no-build-dependencies", "1");
  Run run(options, environment, false);
  run.begin();
  Deployment deployment(run, open_app(run, options, origin));
  restore(run, deployment);
}

void restore(Run& run, Deployment& deployment) {
  log::step("Restoring " + deployment.label());
  deployment.restore_layers();
  run.end();
  log::step("App restored: " + deployment.label());
  log::detail("To use GHC, GHCi and cabal here:");
  log::detail("  eval \"$(" + shell_quote(self_path().string()) + " paths)\"");
  log::detail("  cd " + shell_quote((run.workspace().layer_dir("app") / "source").string()) +
              " && cabal repl");
}

void command_label(Options& options, const Environment& environment, const std::string& app) {
  print(describe_app(options, environment, app).label() + "\n");
}

void command_executable(Options& options, const Environment& environment, const std::string& app) {
  const Package package = describe_app(options, environment, app);
  if (package.executables.empty()) {
    throw Error("app::no-executable", package.label() + " has no executable")
        .why("Its package description has no `executable` stanza")
        .fix("Add one to " + package.file.filename().string());
  }
  print(package.executables.front() + "\n");
}

void command_constraints(Options& options, const Environment& environment, const std::string& app) {
  const AppOrigin origin = required_app(options, app);
  read_local_magic(options, origin);
  options.set("no-clean-cache", "1");
  Run run(options, environment, false);
  run.begin();
  Deployment deployment(run, open_app(run, options, origin));
  Constraints constraints = deployment.constraints();
  constraints.settings.clear();  // they are not the app's
  print(constraints.format());
  run.end();
}

}  // namespace halcyon
