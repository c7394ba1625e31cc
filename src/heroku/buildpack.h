#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "heroku/build.h"

/// The buildpack's view (Heroku's Buildpack API: bin/detect, bin/compile, bin/release, bin/report).
namespace halcyon {

/// `bin/detect BUILD_DIR`: prints "Haskell" for a Haskell app, else says what was looked for.
Exit buildpack_detect(const std::filesystem::path& build_dir);

/// `bin/compile BUILD_DIR CACHE_DIR ENV_DIR`: deploys the app into the slug. When dependencies are
/// missing that a push may not build, the log says what to do. A first push then succeeds with a
/// slug of the buildpack and the source only: `halcyon build` needs it. When a release holds the
/// app already, the push is rejected (Exit::build_needed), so that it keeps running, and leaves a
/// BuildRequest; HALCYON_DEPLOY_BUILDPACK_ONLY replaces the release as the first push does.
Exit buildpack_compile(const HookCall& call);

/// `bin/report BUILD_DIR CACHE_DIR ENV_DIR`: the facts of the last build (BuildReport); nothing
/// where there is no report.
std::string buildpack_report(const std::filesystem::path& cache_dir);

/// `bin/release BUILD_DIR`: the YAML that Heroku reads.
std::string buildpack_release();

}  // namespace halcyon
