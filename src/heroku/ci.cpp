#include "heroku/ci.h"

#include "base/log.h"
#include "base/text.h"
#include "haskell/build_plan.h"
#include "layers/toolchain.h"

namespace halcyon {
namespace {

/// The script that runs the tests, below .halcyon: for bin/test, and for whoever looks into a
/// failing run.
constexpr const char* test_script = "test";

/// The command as a script. Its variables come to those that are there: tests are the app itself,
/// and may need its config vars.
std::string script_of(const Command& command) {
  std::string script = "#!/bin/sh\n# Runs the test suites as they were compiled.\nset -eu\n";
  script += "cd " + shell_quote(command.dir.string()) + "\n";
  for (const char* name :
       {"CABAL_DIR", "CPATH", "LANG", "LD_LIBRARY_PATH", "LIBRARY_PATH", "PKG_CONFIG_PATH"}) {
    const auto found = command.env.find(name);
    if (found == command.env.end()) continue;
    script += "export " + found->first + "=" + shell_quote(found->second) + "\n";
  }
  script += "export PATH=" + shell_quote(command.env.at("PATH")) + ":\"$PATH\"\n";
  std::string line = "exec";
  for (const std::string& word : command.argv) line += " " + shell_quote(word);
  return script + line + "\n";
}

Exit test_compile(const HookCall& call, BuildReport& report) {
  report.step("options");
  BuildSettings settings = build_settings(call);
  Options& options = settings.options;
  options.set_default("no-build-dependencies", "0");
  options.set("retain-dependencies", "1");
  Run run(options, settings.environment, false);
  run.begin();
  run.keeper().observe([&report](const LayerEvent& event) { report.layer(event); });
  report.step("source");
  SlugParts parts;
  parts.source_archive = archive_source(run, call.build_dir);
  Deployment deployment(run, call.build_dir);
  deployment.want_tests();
  deployment.use_toolchain("");
  log::step("Compiling " + deployment.label() + " with its test suites");
  describe(report, deployment);
  deployment.make_app(Deployment::Purpose::install);
  report.step("install");
  install_into_slug(run, deployment, call.build_dir);
  write_slug(call.build_dir, parts);
  const fs::path plan = run.workspace().layer_dir("app") / "dist" / "cache" / "plan.json";
  const std::vector<std::string> suites = BuildPlan::read(plan).local_tests();
  report.number("test_suites", suites.size());
  if (suites.empty()) {
    log::warning(deployment.label() + " has no test suite: bin/test will fail");
  } else {
    write_file_lightly(run.workspace().root() / test_script, script_of(deployment.test_command()),
                       0755);
    log::step("Test suites compiled: " + join(suites, ", "));
  }
  run.end();
  write_export(call.build_dir);
  report.finish("compiled");
  return Exit::done;
}

}  // namespace

Exit buildpack_test_compile(const HookCall& call) {
  return reported(call, [&call](BuildReport& report) { return test_compile(call, report); });
}

Exit buildpack_test(const fs::path& build_dir, const Environment& environment) {
  const fs::path script = fs::path(heroku_app_dir) / ".halcyon" / test_script;
  if (!fs::exists(script)) {
    if (fs::exists(build_dir / ".halcyon" / "source.tar.gz")) {
      throw Error("tests::none", "The app has no test suite")
          .fix(
              "Add a test-suite stanza to its .cabal file, or name another command to run in "
              "app.json:\n  {\"environments\": {\"test\": {\"scripts\": {\"test\": \"...\"}}}}");
    }
    throw Error("tests::not-compiled", "The test suites have not been compiled")
        .why("There is no " + script.string())
        .fix("bin/test-compile BUILD_DIR CACHE_DIR ENV_DIR");
  }
  Command command;
  command.argv = {script.string()};
  command.env = environment;
  std::erase_if(command.env, [](const auto& entry) { return entry.first.starts_with("HALCYON_"); });
  command.output = Output::inherit;
  return run(command).ok() ? Exit::done : Exit::failed;
}

}  // namespace halcyon
