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
#include "heroku/slug.h"
#include "layers/dependency_data.h"

namespace halcyon {
namespace {

constexpr const char* build_command = "heroku run -x halcyon build";

std::string storage_advice() {
  return "heroku config:set HALCYON_AWS_ACCESS_KEY_ID=...\n"
         "heroku config:set HALCYON_AWS_SECRET_ACCESS_KEY=...\n"
         "heroku config:set HALCYON_S3_BUCKET=...";
}

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

void tell_what_is_missing(const Run& run, const std::string& label, const Error& missing) {
  std::string text = fmt::format("Cannot deploy {} yet.\n{}\n", label, missing.what());
  text +=
      "\nA push is too short to build them, so this release holds the buildpack and the source "
      "only.\n";
  if (!run.has_storage()) {
    text += "\nThere is no storage to build them into. Set up a private S3 bucket:\n" +
            indent(storage_advice()) + "\nand push again:\n" +
            indent("git commit --allow-empty -m 'Deploy' && git push heroku master");
  } else {
    text += "\nBuild them on a one-off dyno (-s performance-l is faster, where you have it):\n" +
            indent(build_command) + "\nthen deploy:\n" +
            indent("git commit --allow-empty -m 'Deploy' && git push heroku master");
  }
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

std::string toolchain_digest(const fs::path& slug_dir) {
  return std::string(trim(read_file_if_any(slug_dir / "toolchain-digest", 1U << 10U).value_or("")));
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
  const auto toolchain = ToolchainLayer::of_this_machine(run.workspace());
  if (toolchain) parts.toolchain = toolchain->digest();

  Deployment deployment(run, build_dir);
  log::step("Deploying " + deployment.label());
  try {
    describe(report, deployment);
    deployment.make_app();
    report.step("install");
    install_into_slug(run, deployment, build_dir);
    write_procfile(build_dir, deployment.source().package);
    deployment.hold_dependencies();
  } catch (const Error& error) {
    if (error.exit() != Exit::build_needed) throw;
    if (toolchain) capture_toolchain(run, *toolchain);
    tell_what_is_missing(run, deployment.label(), error);
    log::step("Deploying the buildpack only");
    finish(run, deployment, build_dir, parts, false);
    report.finish("incomplete");
    return Exit::done;
  }
  finish(run, deployment, build_dir, parts, options.get("app-extra-copy") == "all");
  report.finish("deployed");
  log::step("App deployed: " + deployment.label());
  log::detail("To see it:  heroku open");
  return Exit::done;
}

/// On a dyno, everything is in the slug's own directory.
void set_dyno_places(Options& options) {
  const fs::path ours = slug_source().parent_path();
  options.set("app-dir", ours.parent_path().string());
  options.set("prefix", ours.parent_path().string());
  options.set("cache-dir", (ours / "cache").string());
}

/// The source that was pushed, and its magic files read.
fs::path unpack_source(const Run& run, Options& options) {
  fs::path source = run.workspace().temp() / "app";
  FileSource file(slug_source());
  unpack(file, source, source);
  options.read_magic(source);
  return source;
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

fs::path slug_source() {
  const fs::path source = self_path().parent_path().parent_path() / "source.tar.gz";
  return fs::exists(source) ? source : fs::path();
}

void build_on_dyno(Options& options, const Environment& environment) {
  set_dyno_places(options);
  options.set("no-build-dependencies", "0");
  options.set("no-build", "0");
  Run run(options, environment, true);
  if (!run.has_storage() || !run.depot().uploads()) {
    throw Error("storage::none", "There is no storage to keep what would be built here")
        .why(run.has_storage()
                 ? "HALCYON_NO_UPLOAD or HALCYON_NO_ARCHIVE is set: a push could not "
                   "use what this dyno builds"
                 : "A one-off dyno's disk is gone when it ends, and a push cannot "
                   "reach it: a private S3 bucket carries the layers from here to there")
        .fix(run.has_storage() ? "heroku config:unset HALCYON_NO_UPLOAD HALCYON_NO_ARCHIVE"
                               : storage_advice());
  }
  run.begin();
  Deployment deployment(run, unpack_source(run, options));
  log::step("Building " + deployment.label());
  deployment.use_toolchain(toolchain_digest(slug_source().parent_path()));
  deployment.make_app();
  log::step("App built: " + deployment.label());
  log::detail("To deploy it:  git commit --allow-empty -m 'Deploy' && git push heroku master");
}

void restore_on_dyno(Options& options, const Environment& environment) {
  set_dyno_places(options);
  options.set_default("no-build", "1");
  options.set_default("no-build-dependencies", "1");
  Run run(options, environment, false);
  run.begin();
  Deployment deployment(run, unpack_source(run, options));
  deployment.use_toolchain(toolchain_digest(slug_source().parent_path()));
  restore(run, deployment);
}

}  // namespace halcyon
