#include "heroku/buildpack.h"

#include <fmt/format.h>

#include <cstdio>

#include "archive/archive.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "deploy/commands.h"
#include "deploy/deployment.h"
#include "heroku/build.h"
#include "heroku/build_request.h"
#include "heroku/dyno.h"
#include "heroku/slug.h"
#include "layers/dependency_data.h"

namespace halcyon {
namespace {

constexpr const char* build_command = "heroku run -x halcyon build";
constexpr const char* push_again = "git commit --allow-empty -m 'Deploy' && git push heroku master";

std::string indent(const std::string& text) {
  std::string out;
  for (const std::string& line : lines(text)) out += "  " + line + "\n";
  return out;
}

/// The toolchain of this build image, captured and uploaded when storage does not have it.
void capture_toolchain(Run& run, ToolchainLayer& toolchain) {
  if (!run.depot().uploads()) return;
  const Step step = run.keeper().plan(toolchain);
  if (!step.builds()) return;
  run.keeper().realise(toolchain);
  remove_layer(run.workspace(), toolchain.dir());
  run.depot().forget_archive(toolchain.key());
}

/// What becomes of a push whose layers are missing.
enum class Verdict { buildpack_only, rejected, rejected_without_request };

void tell_what_is_missing(Run& run, const std::string& label, const Error& missing,
                          Verdict verdict) {
  std::string text = fmt::format("Cannot deploy {} yet.\n{}\n\n", label, missing.what());
  text += verdict == Verdict::buildpack_only
              ? "A push is too short to build them, so this release holds the buildpack and the "
                "source only.\n"
              : "A push is too short to build them, so it is rejected: the release that is running "
                "stays.\n";
  if (!run.has_storage()) {
    text += "\nThere is no storage to build them into. Set up a private S3 bucket:\n" +
            indent(storage_advice());
  } else if (verdict == Verdict::rejected_without_request) {
    text += "\nThe source could not be left in storage for a dyno to build it";
    text += run.depot().uploads() ? ": see above.\n"
                                  : ". Allow it:\n" + indent(upload_advice(run.depot()));
  } else {
    text += verdict == Verdict::buildpack_only
                ? "\nBuild them on a one-off dyno"
                : "\nThe source is in storage. Build it on a one-off dyno of the running release";
    text += " (-s performance-l is faster, where you have it):\n" + indent(build_command);
  }
  text += "\nthen push again:\n" +
          indent(verdict == Verdict::buildpack_only ? push_again : "git push heroku master");
  log::warning(text);
}

/// Ends a push: of ours only the slug's parts are left, also where the build directory is /app
/// itself (Heroku CI) and our working directories stand in the slug. `with_layers`: they are asked
/// for in the slug too.
void finish(Run& run, const Deployment& deployment, const fs::path& build_dir,
            const SlugParts& parts, bool with_layers) {
  const Workspace& workspace = run.workspace();
  const bool in_place = fs::equivalent(build_dir, workspace.app_dir);
  if (with_layers) deployment.copy_layers(build_dir);
  if (!with_layers || !in_place) deployment.remove_layers();
  if (in_place) {
    for (const auto& entry : fs::directory_iterator(workspace.root())) {
      const bool stays = fs::exists(entry.path() / "tag") || entry.path() == workspace.temp() ||
                         entry.path() == kept_dependency_data(workspace);
      if (!stays) remove_tree(entry.path());
    }
  }
  write_slug(build_dir, parts);
  write_export(build_dir);
  run.end();
}

Exit compile(const HookCall& call, BuildReport& report) {
  const fs::path& build_dir = call.build_dir;
  report.step("options");
  BuildSettings settings = build_settings(call);
  Options& options = settings.options;
  options.set_default("no-build-dependencies", "1");
  options.set("retain-dependencies", "0");

  Run run(options, settings.environment, false);
  run.begin();
  run.keeper().observe([&report](const LayerEvent& event) { report.layer(event); });
  report.step("source");
  SlugParts parts;
  const auto stack = call.environment.find("STACK");
  parts.stack = stack == call.environment.end() ? "" : stack->second;
  parts.source_archive = archive_source(run, build_dir);
  const AppMemory memory(call.cache_dir);
  parts.app_id = memory.id();
  const auto toolchain = ToolchainLayer::of_this_machine(run.workspace());
  if (toolchain) parts.toolchain = toolchain->digest();

  Deployment deployment(run, build_dir);
  log::step("Deploying " + deployment.label());
  try {
    describe(report, deployment);
    deployment.make_app(Deployment::Purpose::install);
    report.step("install");
    install_into_slug(run, deployment, build_dir);
    write_procfile(build_dir, deployment.source().package);
    deployment.hold_dependencies();
  } catch (const Error& error) {
    if (error.exit() != Exit::build_needed) throw;
    if (toolchain) capture_toolchain(run, *toolchain);
    if (memory.is_deployed() && !options.flag("deploy-buildpack-only")) {
      const bool left = leave_request(run, deployment.label(), parts);
      tell_what_is_missing(run, deployment.label(), error,
                           left ? Verdict::rejected : Verdict::rejected_without_request);
      report.finish("rejected");
      return Exit::build_needed;
    }
    tell_what_is_missing(run, deployment.label(), error, Verdict::buildpack_only);
    log::step("Deploying the buildpack only");
    memory.set_deployed(false);
    finish(run, deployment, build_dir, parts, false);
    report.finish("incomplete");
    return Exit::done;
  }
  finish(run, deployment, build_dir, parts, options.get("app-extra-copy") == "all");
  memory.set_deployed(true);
  report.finish("deployed");
  log::step("App deployed: " + deployment.label());
  log::detail("To see it:  heroku open");
  return Exit::done;
}

}  // namespace

Exit buildpack_detect(const fs::path& build_dir) {
  if (looks_like_haskell(build_dir)) {
    std::puts("Haskell");
    return Exit::done;
  }
  std::fputs(
      "No Haskell app here: no .cabal file, cabal.project, stack.yaml or package.yaml at "
      "the top of the source.\n",
      stderr);
  return Exit::failed;
}

Exit buildpack_compile(const HookCall& call) {
  return reported(call, [&call](BuildReport& report) { return compile(call, report); });
}

std::string buildpack_report(const fs::path& cache_dir) {
  return read_file_if_any(report_file(cache_dir)).value_or("");
}

std::string buildpack_release() { return "---\naddons: []\ndefault_process_types: {}\n"; }

}  // namespace halcyon
