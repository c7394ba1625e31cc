#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "deploy/deployment.h"
#include "heroku/build_report.h"
#include "heroku/slug.h"

/// What bin/compile and bin/test-compile have in common.
namespace halcyon {

/// Where the app is when it runs, and its layers while they are made.
constexpr const char* heroku_app_dir = "/app";

/// What a hook is called with. `env_dir` may be empty or missing; `environment` is ours.
struct HookCall {
  std::filesystem::path build_dir;
  std::filesystem::path cache_dir;
  std::filesystem::path env_dir;
  Environment environment;
};

/// A build's settings: our environment with the config vars in it, and the options.
struct BuildSettings {
  Environment environment;
  Options options;
};

/// Reads and tells the config vars; sets what is Heroku's to decide.
BuildSettings build_settings(const HookCall& call);

/// Runs a build and keeps its report, of a failed one too.
Exit reported(const HookCall& call, const std::function<Exit(BuildReport&)>& build);

/// Discards what another stack's builds left in the cache, and says so; CACHE_DIR/halcyon/stack
/// tells which stack it was. Original distributions stay.
void discard_other_stack(const std::filesystem::path& cache_dir, const std::string& stack);

/// Keeps the source as it was pushed, in the run's temporary directory: files that the buildpack
/// adds must not change its digest.
std::filesystem::path archive_source(const Run& run, const std::filesystem::path& build_dir);

/// Works out the app's constraints, and puts what is known of it into the report.
void describe(BuildReport& report, Deployment& deployment);

/// Installs the app into the build directory, by way of a root directory of its own.
void install_into_slug(const Run& run, const Deployment& deployment,
                       const std::filesystem::path& build_dir);

/// Writes `export` into the buildpack's directory, where that can be written to: the paths of the
/// app in the build directory, for the next buildpack.
void write_export(const std::filesystem::path& build_dir);

}  // namespace halcyon
