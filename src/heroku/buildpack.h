#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/process.h"
#include "heroku/build.h"
#include "options/options.h"

/// The buildpack's view (Heroku's Buildpack API: bin/detect, bin/compile, bin/release, bin/report)
/// and that of a one-off dyno.
namespace halcyon {

/// `bin/detect BUILD_DIR`: prints "Haskell" for a Haskell app, else says what was looked for.
Exit buildpack_detect(const std::filesystem::path& build_dir);

/// `bin/compile BUILD_DIR CACHE_DIR ENV_DIR`: deploys the app into the slug. When dependencies are
/// missing that a push may not build, the slug holds the buildpack and the source only, the log
/// says what to do, and the push succeeds: `halcyon build` needs that slug.
Exit buildpack_compile(const HookCall& call);

/// `bin/report BUILD_DIR CACHE_DIR ENV_DIR`: the facts of the last build (BuildReport); nothing
/// where there is no report.
std::string buildpack_report(const std::filesystem::path& cache_dir);

/// `bin/release BUILD_DIR`: the YAML that Heroku reads.
std::string buildpack_release();

/// The source archive of the slug that the running helper belongs to; empty elsewhere.
std::filesystem::path slug_source();

/// `halcyon build` on a one-off dyno: builds every layer from the slug's own source, and uploads
/// each as soon as it is done. Refuses at once without usable storage.
void build_on_dyno(Options& options, const Environment& environment);

/// `halcyon restore` on a one-off dyno: all layers of the slug's own app.
void restore_on_dyno(Options& options, const Environment& environment);

}  // namespace halcyon
