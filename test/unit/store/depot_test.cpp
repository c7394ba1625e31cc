#include "store/depot.h"

#include <catch2/catch.hpp>

#include "base/log.h"
#include "store/directory.h"

namespace halcyon {
namespace {

/// A directory that says what is asked of it, and can be made to fail or to be public.
class Witness : public DirectoryStorage {
 public:
  using DirectoryStorage::DirectoryStorage;
  bool read_only() const override { return is_public; }
  std::vector<ObjectInfo> list(std::string_view prefix) override {
    calls.push_back("list " + std::string(prefix));
    if (fails) throw Error("public::failed", "Cannot use it").why("It sleeps");
    return DirectoryStorage::list(prefix);
  }
  bool get(std::string_view key, Sink& sink) override {
    calls.push_back("get " + std::string(key));
    if (fails) throw Error("public::failed", "Cannot use it").why("It sleeps");
    return DirectoryStorage::get(key, sink);
  }
  void put(std::string_view key, const fs::path& file, const std::string& digest) override {
    calls.push_back("put " + std::string(key));
    DirectoryStorage::put(key, file, digest);
  }
  void remove(std::string_view key) override {
    calls.push_back("remove " + std::string(key));
    DirectoryStorage::remove(key);
  }
  bool is_public = false;
  bool fails = false;
  std::vector<std::string> calls;
};

struct Bench {
  Bench() : storage(dir.path() / "storage"), cache(dir.path() / "cache") { log::capture(&output); }
  ~Bench() { log::capture(nullptr); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Depot depot(const Depot::Policy& policy = {}) { return {cache, &storage, http, policy}; }
  /// Puts an archive of that text with a companion.
  static bool put(Depot& depot, const std::string& key) {
    write_file(depot.file(key), "content");
    Manifest manifest;
    manifest.tag = "tier: text\n";
    manifest.sha256 = sha256("content");
    manifest.bytes = 7;
    return depot.put(key, manifest, "constraints: a ==1\n");
  }

  TempDir dir{fs::temp_directory_path()};
  HttpClient http;
  Witness storage;
  Cache cache;
  std::string output;
};

const std::string key = "os/halcyon-text-a.tar.gz";

TEST_CASE_METHOD(Bench, "depot: an archive goes into storage before what makes it complete") {
  Depot depot = this->depot();
  CHECK(put(depot, key));
  CHECK(storage.calls == std::vector<std::string>{"put " + key, "put " + key + ".manifest",
                                                  "put os/halcyon-text-a.cabal.config"});
}

TEST_CASE_METHOD(Bench, "depot: what is removed from storage is gone whole, the archive first") {
  Depot depot = this->depot();
  put(depot, key);
  REQUIRE(depot.find_stored(key));
  storage.calls.clear();
  depot.remove(key);
  CHECK(storage.calls == std::vector<std::string>{"remove " + key,
                                                  "remove os/halcyon-text-a.cabal.config",
                                                  "remove " + key + ".manifest"});
  CHECK_FALSE(depot.find_stored(key));
  CHECK(depot.archives("os/", Place::storage).empty());
  CHECK(fs::exists(cache.file(key)));  // the cache has a cleaning of its own
}

TEST_CASE_METHOD(Bench, "depot: the policy says what is uploaded and removed") {
  CHECK(depot().cleans());
  CHECK_FALSE(depot({.clean = false}).cleans());
  CHECK(depot({.clean = false}).uploads());
  CHECK_FALSE(depot({.upload = false}).cleans());
  CHECK_FALSE(depot({.archive = false}).uploads());
  Depot silent = depot({.upload = false});
  CHECK_FALSE(put(silent, key));
  CHECK(storage.calls.empty());
}

TEST_CASE_METHOD(Bench, "depot: public storage is read and never written to") {
  Depot owner = depot();
  put(owner, key);
  cache.set_aside(key);
  storage.calls.clear();
  storage.is_public = true;
  Depot depot = this->depot();
  CHECK_FALSE(depot.uploads());
  CHECK_FALSE(depot.cleans());
  const auto found = depot.find(key);
  REQUIRE(found);
  CHECK(found->place == Place::storage);
  CHECK(read_file(depot.fetch(*found)) == "content");
  CHECK_FALSE(put(depot, "os/halcyon-text-b.tar.gz"));
  CHECK(depot.complete(key, "another tag"));
  CHECK(storage.calls ==
        std::vector<std::string>{"list os/", "get " + key + ".manifest", "get " + key});
}

TEST_CASE_METHOD(Bench, "depot: public storage that cannot be used is one warning") {
  Depot owner = depot();
  put(owner, key);
  cache.set_aside(key);
  storage.is_public = true;
  Depot depot = this->depot();
  SECTION("from the beginning") {
    storage.fails = true;
    CHECK_FALSE(depot.find(key));
  }
  SECTION("after its listing") {
    depot.archives("os/");
    storage.fails = true;
    CHECK_FALSE(depot.find(key));
  }
  SECTION("after the manifest was read") {
    const auto found = depot.find(key);
    REQUIRE(found);
    storage.fails = true;
    CHECK_THROWS_AS(depot.fetch(*found), Error);  // the plan is made anew
  }
  storage.calls.clear();
  CHECK_FALSE(depot.find(key));
  CHECK(depot.archives("os/", Place::storage).empty());
  CHECK(depot.archives("original/", Place::storage).empty());
  CHECK(storage.calls.empty());
  const std::size_t first = output.find("Cannot use it");
  REQUIRE(first != std::string::npos);
  CHECK(output.find("Cannot use it", first + 1) == std::string::npos);
  CHECK_THAT(output, Catch::Contains("It sleeps") && Catch::Contains("Going on without it."));
}

}  // namespace
}  // namespace halcyon
