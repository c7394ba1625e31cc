#include "deploy/commands.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/log.h"
#include "base/text.h"
#include "deploy/deployment.h"

namespace halcyon {
namespace {

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error("output::failed", "Cannot write to standard output");
  }
}

/// The directory of an app given on the command line; nothing for "the environment only".
std::optional<fs::path> app_directory(const Options& options, const std::string& app) {
  if (options.flag("no-app")) return {};
  if (app.empty()) {
    if (!looks_like_haskell(fs::current_path())) return {};
    return fs::current_path();
  }
  if (fs::is_directory(app)) return fs::canonical(app);
  throw Error("app::not-a-directory", "There is no directory " + app)
      .why("Labels and git URLs are not supported yet")
      .fix("Give the path of the app's source directory");
}

/// As app_directory, for the commands that need an app.
fs::path required_app(const Options& options, const std::string& app) {
  return app_directory(options, app).value_or(fs::current_path());
}

}  // namespace

void command_deploy(Options& options, const Environment& environment, const std::string& app) {
  const auto source = app_directory(options, app);
  if (source) options.read_magic(*source);
  Run run(options, environment, false);
  run.begin();
  if (!source) {
    make_environment(run);
    run.end();
    log::step("GHC and Cabal are in " + run.workspace().root().string());
    return;
  }
  Deployment deployment(run, *source);
  log::step("Deploying " + deployment.label());
  deployment.make_app();
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
  const fs::path source = required_app(options, app);
  options.read_magic(source);
  Run run(options, environment, true);
  run.begin();
  Deployment deployment(run, source);
  log::step("Building " + deployment.label());
  deployment.make_app();
  deployment.hold_dependencies();
  run.end();
  log::step("App built: " + deployment.label());
}

void command_label(Options& options, const std::string& app) {
  print(read_package(required_app(options, app)).label() + "\n");
}

void command_constraints(Options& options, const Environment& environment, const std::string& app) {
  const fs::path source = required_app(options, app);
  options.read_magic(source);
  options.set("no-clean-cache", "1");
  Run run(options, environment, false);
  run.begin();
  Deployment deployment(run, source);
  Constraints constraints = deployment.constraints();
  constraints.settings.clear();  // they are not the app's
  print(constraints.format());
  run.end();
}

std::string paths_script(const std::string& top_dir) {
  const auto extend = [](const std::string& variable, const std::vector<std::string>& dirs) {
    std::string list;
    for (const std::string& dir : dirs) list += (list.empty() ? "" : ":") + dir;
    return fmt::format(
        "case \":${{{0}:-}}:\" in\n"
        "  *\":{1}\"*) ;;\n"
        "  *) export {0}=\"{1}${{{0}:+:${0}}}\" ;;\n"
        "esac\n",
        variable, list);
  };
  const std::string app = "$HALCYON_APP_DIR";
  const std::string root = app + "/.halcyon";
  std::string script = "export HALCYON_TOP_DIR=" + shell_quote(top_dir) + "\n";
  script += "export HALCYON_APP_DIR=\"${HALCYON_APP_DIR:-/app}\"\n";
  script += extend("PATH", {"$HALCYON_TOP_DIR/bin", app + "/bin", root + "/sandbox/bin",
                            root + "/ghc/bin", root + "/cabal/bin", root + "/toolchain/bin"});
  script += extend("LIBRARY_PATH", {app + "/lib", root + "/sandbox/lib", root + "/ghc/lib-links"});
  script += extend("LD_LIBRARY_PATH", {app + "/lib", root + "/sandbox/lib"});
  script += "export LANG=\"${LANG:-C.UTF-8}\"\n";
  return script;
}

}  // namespace halcyon
