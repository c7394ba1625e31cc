#include "bench/sandboxes.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <thread>

#include "base/digest.h"
#include "base/stopwatch.h"
#include "layers/keeper.h"
#include "layers/sandbox.h"
#include "store/s3.h"

namespace halcyon::bench {
namespace {

constexpr int packages = 75;
constexpr int wanted_app = 4321;
constexpr const char* os = "linux-bench-1-x64";

S3Options options(const std::string& url, const std::string& bucket) {
  S3Options options;
  options.bucket = bucket;
  options.endpoint = url;
  options.acl = "private";
  options.access_key = "test";
  options.secret_key = "testsecret";
  return options;
}

/// Counts the objects that are read.
class CountingStorage : public S3Storage {
 public:
  using S3Storage::S3Storage;
  bool get(std::string_view key, Sink& sink, Check check) override {
    ++objects;
    return S3Storage::get(key, sink, check);
  }
  int objects = 0;
};

/// What a run works with, with a layer of an app.
struct Machine {
  explicit Machine(Storage* storage) : depot(cache, storage, http, {}) {
    workspace.app_dir = "/app";
    workspace.os = os;
    workspace.depot = &depot;
  }
  SandboxLayer layer(const AppSource& source) const {
    const Tag ghc("ghc", "ghc-9.0.2", os, "/app/.halcyon");
    return {workspace, source, ghc, "9.0.2", "3.4.1.0", {"bench", "http://bench/"}};
  }
  TempDir dir{fs::temp_directory_path()};
  HttpClient http;
  Cache cache{dir.path() / "cache"};
  Depot depot;
  Workspace workspace;
};

AppSource app(const std::string& name, Constraints constraints) {
  AppSource source;
  source.package.name = name;
  source.package.version = "1.0";
  source.constraints = std::move(constraints);
  return source;
}

void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

}  // namespace

Constraints constraints_of(int app) {
  Constraints constraints;
  for (int i = 0; i < packages; ++i) {
    // Most of it is common, in one of some versions; a part is what only this app has.
    const bool own = i % 15 == 0;
    const std::string name =
        own ? fmt::format("own{}of{}", i, app) : fmt::format("package{}", (i * 7 + app % 13) % 400);
    constraints.set(name, {fmt::format("1.{}.0.1", own ? 0 : (app + i) % 5), {}});
  }
  return constraints;
}

Constraints wanted_constraints() {
  Constraints constraints = constraints_of(wanted_app);
  constraints.set("onemore", {"1.0", {}});
  return constraints;
}

void write_sandboxes(const fs::path& dir, int count) {
  Machine machine(nullptr);
  fs::create_directories(dir / os);
  SandboxIndex index;
  for (int i = 0; i < count; ++i) {
    const AppSource source = app(fmt::format("app{}", i), constraints_of(i));
    const SandboxLayer layer = machine.layer(source);
    Manifest manifest;
    manifest.archive = layer.key();
    manifest.tag = layer.tag().text();
    manifest.sha256 = sha256("");
    write(dir / layer.key(), "");
    write(dir / manifest_name(layer.key()), manifest.format());
    write(dir / companion_name(layer.key()), source.constraints.format());
    index.set(fmt::format("app{}-1.0-{}.tar.gz", i, source.constraints.digest()),
              SandboxIndex::kind_of(layer.tag()), source.constraints.normalised());
  }
  write(dir / os / "halcyon-sandboxes-9.0.2", index.pack());
}

void upload(const fs::path& dir, const std::string& url, const std::string& bucket) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(dir / os)) files.push_back(entry.path());
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> workers;
  for (int i = 0; i < 8; ++i) {
    workers.emplace_back([&] {
      HttpClient http;
      S3Storage storage(options(url, bucket), http, &std::chrono::system_clock::now);
      for (std::size_t at = next++; at < files.size(); at = next++) {
        storage.put(std::string(os) + "/" + files[at].filename().string(), files[at],
                    sha256_file(files[at]));
      }
    });
  }
}

void match(const std::string& url, const std::string& bucket) {
  HttpClient http;
  CountingStorage storage(options(url, bucket), http, &std::chrono::system_clock::now);
  Machine machine(&storage);
  const AppSource source = app("hello", wanted_constraints());
  const SandboxLayer layer = machine.layer(source);
  const Stopwatch watch;
  const Step step = Keeper().plan(layer);
  std::printf("{\"seconds\": %.3f, \"objects\": %d, \"pages\": %d, \"reason\": \"%s\"}\n",
              static_cast<double>(watch.elapsed().count()) / 1000, storage.objects,
              static_cast<int>(http.requests()) - storage.objects, step.reason.c_str());
}

}  // namespace halcyon::bench
