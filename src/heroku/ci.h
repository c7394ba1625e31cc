#pragma once

#include "base/error.h"
#include "heroku/build.h"

/// Heroku CI (testpack API: bin/test-compile, bin/test). BUILD_DIR is /app there.
namespace halcyon {

/// `bin/test-compile BUILD_DIR CACHE_DIR ENV_DIR`: makes the app with its test suites and all
/// layers, which stay: no slug is made. Dependencies are built unless a config var says no.
Exit buildpack_test_compile(const HookCall& call);

/// `bin/test BUILD_DIR ENV_DIR`: runs the test suites in `environment`, our own but for HALCYON_
/// variables; their output is ours. Exit::failed when one fails. Raises Error "tests::none" for an
/// app without test suites, "tests::not-compiled" before bin/test-compile.
Exit buildpack_test(const std::filesystem::path& build_dir, const Environment& environment);

}  // namespace halcyon
