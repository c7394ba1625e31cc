#include "layers/sandbox.h"

#include <catch2/catch.hpp>

#include "base/log.h"
#include "store/directory.h"

using namespace halcyon;

namespace {

const Tag ghc_tag = Tag("ghc", "ghc-9.0.2", "linux-test-1-x64", "/app/.halcyon");

struct Bench {
  Bench()
      : dir(fs::temp_directory_path()),
        cache(dir.path() / "cache"),
        depot(cache, nullptr, http, {}) {
    workspace.app_dir = dir.path() / "app";
    workspace.prefix = workspace.app_dir;
    workspace.os = "linux-test-1-x64";
    workspace.depot = &depot;
    log::capture(&output);
  }
  ~Bench() { log::capture(nullptr); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  AppSource app(const std::string& name, const std::string& constraints) const {
    AppSource source;
    source.package.name = name;
    source.package.version = "1.0";
    source.constraints = Constraints::parse("constraints: " + constraints, "test");
    return source;
  }

  /// Puts an archive of that app's sandbox (of no content) into the cache.
  std::string keep(const AppSource& source) {
    const SandboxLayer layer(workspace, source, ghc_tag, "9.0.2", "3.4.1.0", {"r", "http://r/"});
    write_file(workspace.depot->file(layer.key()), "x");
    Manifest manifest;
    manifest.tag = layer.tag().text();
    manifest.sha256 = sha256("x");
    manifest.bytes = 1;
    workspace.depot->put(layer.key(), manifest, layer.companion());
    return layer.key();
  }

  TempDir dir;
  HttpClient http;
  Cache cache;
  Depot depot;
  Workspace workspace;
  Keeper keeper;
  std::string output;
};

}  // namespace

TEST_CASE("a sandbox is found by its digest, whatever the label", "[layers]") {
  Bench bench;
  const std::string theirs = bench.keep(bench.app("other", "any.a ==1, any.b ==2"));
  const AppSource source = bench.app("hello", "any.b ==2, any.a ==1");
  const SandboxLayer layer(bench.workspace, source, ghc_tag, "9.0.2", "3.4.1.0",
                           {"r", "http://r/"});
  const Step step = bench.keeper.plan(layer);
  CHECK(step.means == Means::cached);
  CHECK(step.source->key == theirs);
  CHECK(layer.archive_name() ==
        "halcyon-sandbox-9.0.2-hello-1.0-" + source.constraints.digest() + ".tar.gz");
}

TEST_CASE("a sandbox is found in any format", "[layers]") {
  Bench bench;
  const std::string same = bench.keep(bench.app("other", "any.a ==1, any.b ==2"));
  const std::string less = bench.keep(bench.app("less", "any.a ==1"));
  bench.workspace.archive_format = Format::zstd;
  const auto plan = [&](const AppSource& source) {
    return bench.keeper.plan(
        SandboxLayer(bench.workspace, source, ghc_tag, "9.0.2", "3.4.1.0", {"r", "http://r/"}));
  };
  const Step exact = plan(bench.app("hello", "any.a ==1, any.b ==2"));
  CHECK(exact.means == Means::cached);
  CHECK(exact.source->key == same);
  const Step similar = plan(bench.app("hello", "any.a ==1, any.c ==2"));
  CHECK(similar.means == Means::extended);
  CHECK(similar.source->key == less);
}

TEST_CASE("the best-scoring subset is extended; anything extraneous disqualifies", "[layers]") {
  Bench bench;
  bench.keep(bench.app("small", "any.a ==1"));
  const std::string best = bench.keep(bench.app("better", "any.a ==1, any.b ==2"));
  bench.keep(bench.app("extraneous", "any.a ==1, any.b ==2, any.z ==1"));
  bench.keep(bench.app("different", "any.a ==1, any.b ==3"));
  bench.keep(bench.app("flagged", "any.a ==1, any.b ==2, a +debug"));
  const AppSource source = bench.app("hello", "any.a ==1, any.b ==2, any.c ==3");
  const SandboxLayer layer(bench.workspace, source, ghc_tag, "9.0.2", "3.4.1.0",
                           {"r", "http://r/"});
  const Step step = bench.keeper.plan(layer);
  CHECK(step.means == Means::extended);
  REQUIRE(step.source);
  CHECK(step.source->key == best);
  CHECK(step.reason.find("2 of 3 packages") != std::string::npos);
  CHECK(bench.output.find("z-1 is not needed") != std::string::npos);
  // When its archive turns out wrong, the next best one is taken.
  bench.depot.distrust(*step.source, "test");
  CHECK(bench.keeper.plan(layer).reason.find("1 of 3 packages") != std::string::npos);
}

TEST_CASE("another GHC, Cabal or forged constraints are no start", "[layers]") {
  Bench bench;
  const AppSource theirs = bench.app("theirs", "any.a ==1");
  const std::string key = bench.keep(theirs);
  const AppSource source = bench.app("hello", "any.a ==1, any.b ==2");
  const auto plan = [&](const std::string& ghc, const std::string& cabal) {
    const SandboxLayer layer(bench.workspace, source, ghc_tag, ghc, cabal, {"r", "http://r/"});
    return bench.keeper.plan(layer).means;
  };
  CHECK(plan("9.0.2", "3.4.1.0") == Means::extended);
  CHECK(plan("9.0.1", "3.4.1.0") == Means::built);
  CHECK(plan("9.0.2", "3.6.2.0") == Means::built);
  write_file(bench.cache.file(companion_name(key)), "constraints: any.b ==2\n");
  CHECK(plan("9.0.2", "3.4.1.0") == Means::built);
  write_file(bench.cache.file(companion_name(key)), "no constraints");
  CHECK(plan("9.0.2", "3.4.1.0") == Means::built);
}

TEST_CASE("project settings that decide units are part of a sandbox's identity", "[layers]") {
  Bench bench;
  bench.keep(bench.app("plain", "any.a ==1"));
  AppSource source = bench.app("hello", "any.a ==1");
  source.constraints.settings.insert("--project-settings 0123");
  const SandboxLayer layer(bench.workspace, source, ghc_tag, "9.0.2", "3.4.1.0",
                           {"r", "http://r/"});
  CHECK_FALSE(bench.keeper.plan(layer).means == Means::cached);
}

TEST_CASE("a sandbox makes those of the same label out of date, and no others", "[layers]") {
  Bench bench;
  DirectoryStorage storage(bench.dir.path() / "storage");
  Depot depot(bench.cache, &storage, bench.http, {});
  bench.workspace.depot = &depot;
  const std::string old = bench.keep(bench.app("hello", "any.a ==1"));
  for (const char* other : {"hello-web", "web-hello", "hell", "hello-1"}) {
    bench.keep(bench.app(other, "any.a ==1"));
  }
  AppSource newer = bench.app("hello", "any.a ==1");
  newer.package.version = "1.0.1";
  bench.keep(newer);
  const AppSource source = bench.app("hello", "any.a ==2");
  bench.keep(source);
  const SandboxLayer layer(bench.workspace, source, ghc_tag, "9.0.2", "3.4.1.0",
                           {"r", "http://r/"});
  CHECK(layer.outdated() == std::vector<std::string>{old});
  CHECK(layer.replaces(Tag("sandbox", "x", "linux-test-1-x64", layer.tag().get("root"))));
  CHECK_FALSE(layer.replaces(Tag("sandbox", "x", "linux-test-1-x64", "/srv/.halcyon")));
  CHECK_FALSE(layer.replaces(Tag("sandbox", "x", "linux-other-1-x64", layer.tag().get("root"))));
  CHECK_FALSE(layer.replaces(Tag("app", "x", "linux-test-1-x64", layer.tag().get("root"))));
}
