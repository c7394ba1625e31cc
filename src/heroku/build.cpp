#include "heroku/build.h"

#include <fmt/format.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "base/version.h"
#include "deploy/commands.h"
#include "heroku/config_vars.h"

namespace halcyon {

BuildSettings build_settings(const HookCall& call) {
  const Environment vars = read_config_vars(call.env_dir);
  Environment merged = call.environment;
  std::erase_if(merged, [](const auto& entry) { return entry.first.starts_with("HALCYON_"); });
  merged.insert(vars.begin(), vars.end());
  Options options({}, merged);
  tell_config_vars(vars);
  options.read_magic(call.build_dir);
  options.set("app-dir", heroku_app_dir);
  options.set("prefix", heroku_app_dir);
  options.set("cache-dir", (call.cache_dir / "halcyon" / "cache").string());
  return {std::move(merged), std::move(options)};
}

Exit reported(const HookCall& call, const std::function<Exit(BuildReport&)>& build) {
  BuildReport report(report_file(call.cache_dir));
  log::step(fmt::format("Welcome to Haskell on Heroku (Halcyon {})", kVersion));
  try {
    report.step("start");
    report.text("os", os_identifier());
    const auto stack = call.environment.find("STACK");
    if (stack != call.environment.end()) {
      report.text("stack", stack->second);
      discard_other_stack(call.cache_dir, stack->second);
    }
    return build(report);
  } catch (const Error& error) {
    report.fail(error);
    throw;
  } catch (const Interrupted& interrupted) {
    report.fail(interrupted.error());
    throw;
  } catch (const fs::filesystem_error& error) {
    report.fail(system_error(error.what(), error.code().value()));
    throw;
  } catch (const std::exception& error) {
    report.fail(Error("internal", error.what()));
    throw;
  }
}

void discard_other_stack(const fs::path& cache_dir, const std::string& stack) {
  const fs::path ours = cache_dir / "halcyon";
  const fs::path file = ours / "stack";
  const std::string old(trim(read_file_if_any(file, 1U << 10U).value_or("")));
  if (old == stack) return;
  if (!old.empty() && fs::is_directory(ours / "cache")) {
    log::step("Discarding the cache");
    log::detail(fmt::format("The stack has changed from {} to {}", old, stack));
    for (const auto& entry : fs::directory_iterator(ours / "cache")) {
      if (entry.path().filename() != "original") remove_tree(entry.path());
    }
  }
  write_file(file, stack + "\n");
}

fs::path archive_source(const Run& run, const fs::path& build_dir) {
  fs::path archive = run.workspace().temp() / "source.tar.gz";
  FileSink file(archive);
  pack(build_dir, file, Format::gzip, 1, {.first = {}, .list = {}, .skip = is_not_source});
  file.commit();
  return archive;
}

void describe(BuildReport& report, Deployment& deployment) {
  report.text("app", deployment.label());
  report.text("cabal_version", deployment.cabal_version());
  report.step("constraints");
  const Constraints& constraints = deployment.constraints();
  report.text("ghc_version", deployment.ghc_version());
  report.text("sandbox_digest", constraints.digest());
  report.number("dependencies", constraints.size());
}

void install_into_slug(const Run& run, const Deployment& deployment, const fs::path& build_dir) {
  if (fs::equivalent(build_dir, heroku_app_dir)) return deployment.install("/", "the slug");
  const TempDir root(run.workspace().temp(), "root-");
  deployment.install(root.path(), "the slug");
  move_into(root.path() / fs::path(heroku_app_dir).relative_path(), build_dir);
}

void write_export(const fs::path& build_dir) {
  const fs::path buildpack = self_path().parent_path().parent_path();
  if (!fs::exists(buildpack / "bin" / "compile") || ::access(buildpack.c_str(), W_OK) != 0) return;
  write_file_lightly(buildpack / "export",
                     "export HALCYON_APP_DIR=" + shell_quote(build_dir.string()) + "\n" +
                         paths_script((build_dir / ".halcyon").string()));
}

}  // namespace halcyon
