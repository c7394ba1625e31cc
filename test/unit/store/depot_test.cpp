#include "store/depot.h"

#include <catch2/catch.hpp>

#include "base/error_id.h"
#include "base/log.h"
#include "store/directory.h"

namespace halcyon {
namespace {

using test::error_id;

/// A directory that says what is asked of it, and can be made to fail or to be public.
class Witness : public DirectoryStorage {
 public:
  using DirectoryStorage::DirectoryStorage;
  bool read_only() const override { return is_public; }
  Listing list_pages(std::string_view prefix, Pages pages) override {
    if (is_crowded && pages == Pages::first) {
      calls.push_back("list the first of " + std::string(prefix));
      return {{}, true};
    }
    calls.push_back("list " + std::string(prefix));
    if (fails) throw Error("public::failed", "Cannot use it").why("It sleeps");
    return DirectoryStorage::list_pages(prefix, pages);
  }
  bool get(std::string_view key, Sink& sink, Check = Check::by_storage) override {
    calls.push_back("get " + std::string(key));
    if (fails) throw Error("public::failed", "Cannot use it").why("It sleeps");
    if (damaged == 0 || key.ends_with(".manifest")) return DirectoryStorage::get(key, sink);
    --damaged;
    sink.write(std::as_bytes(std::span(std::string_view("cont"))));
    if (breaks) throw Error("storage::truncated", "It ended early");
    return true;
  }
  std::unique_ptr<Upload> begin(std::string_view key, IfThere if_there,
                                const Foreknown& known) override {
    return std::make_unique<Watched>(*this, key, DirectoryStorage::begin(key, if_there, known));
  }
  std::optional<std::string> digest(std::string_view key) override {
    StringSink text;
    if (!DirectoryStorage::get(key, text)) return {};
    return sha256(text.text);
  }
  void remove(std::string_view key) override {
    calls.push_back("remove " + std::string(key));
    DirectoryStorage::remove(key);
  }
  /// Says when an object is complete.
  class Watched : public Upload {
   public:
    Watched(Witness& witness, std::string_view key, std::unique_ptr<Upload> upload)
        : witness_(witness), key_(key), upload_(std::move(upload)) {}
    bool write(Bytes bytes) override {
      if (witness_.refuses) throw Error("directory::full", "No space");
      return upload_->write(bytes);
    }
    bool commit(const std::string& sha256) override {
      witness_.calls.push_back("put " + key_);
      const bool done = upload_->commit(sha256);
      if (witness_.after_put) witness_.after_put(key_);
      return done;
    }

   private:
    Witness& witness_;
    std::string key_;
    std::unique_ptr<Upload> upload_;
  };
  /// What another builder does just after a put.
  std::function<void(std::string_view)> after_put;
  bool is_public = false;
  bool is_crowded = false;  ///< a listing takes more than one request
  bool fails = false;
  bool refuses = false;  ///< what is written
  int damaged = 0;       ///< so many reads are cut short
  bool breaks = false;   ///< and say so
  std::vector<std::string> calls;
};

struct Bench {
  Bench() : storage(dir.path() / "storage"), cache(dir.path() / "cache") { log::capture(&output); }
  ~Bench() { log::capture(nullptr); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Depot depot(Depot::Policy policy = {}) {
    policy.collision_wait = std::chrono::milliseconds(1);
    return {cache, &storage, http, policy};
  }
  fs::path storage_dir() const { return dir.path() / "storage"; }
  /// Puts an archive of that text with a companion.
  static bool put(Depot& depot, const std::string& key) {
    write_file(depot.file(key), "content");
    Manifest manifest;
    manifest.tag = "tier: text\n";
    manifest.sha256 = sha256("content");
    manifest.bytes = 7;
    return depot.put(key, manifest, "constraints: a ==1\n");
  }

  /// The same with one that is uploaded while it is made.
  static bool make(Depot& depot, const std::string& key) {
    const auto leaving = depot.begin(key);
    for (const std::string_view piece : {"con", "tent"}) {
      leaving->write(std::as_bytes(std::span(piece)));
    }
    leaving->keep();
    Manifest manifest;
    manifest.tag = "tier: text\n";
    manifest.sha256 = leaving->sha256();
    manifest.bytes = leaving->bytes();
    return depot.put(key, manifest, {}, leaving.get());
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
  std::erase_if(storage.calls, [](const std::string& call) { return !call.starts_with("put "); });
  CHECK(storage.calls == std::vector<std::string>{"put " + key, "put " + key + ".manifest",
                                                  "put os/halcyon-text-a.cabal.config"});
}

TEST_CASE_METHOD(Bench, "depot: a directory is listed once, whatever is looked for") {
  Depot builder = depot();
  put(builder, key);
  storage.calls.clear();
  Depot depot = this->depot();
  CHECK(depot.find_stored(key));
  CHECK(depot.companion(key));
  CHECK_FALSE(depot.find_stored("os/halcyon-other.tar.gz"));
  CHECK(depot.archives("os/halcyon-", Place::storage).size() == 1);
  CHECK_FALSE(depot.is_crowded("os/halcyon-"));
  CHECK(storage.calls == std::vector<std::string>{"list os/", "get " + key + ".manifest"});
}

TEST_CASE_METHOD(Bench, "depot: of a crowded directory what is looked for is listed, once") {
  Depot builder = depot();
  put(builder, key);
  fs::remove_all(cache.dir());
  storage.calls.clear();
  storage.is_crowded = true;
  Depot depot = this->depot();
  const std::string first = "list the first of os/";
  CHECK(depot.is_crowded("os/halcyon-text-a"));
  CHECK(depot.find_stored(key));
  CHECK_FALSE(depot.find_stored("os/halcyon-text-a.tar.xz"));
  CHECK(storage.calls ==
        std::vector<std::string>{first, "list os/halcyon-text-a", "get " + key + ".manifest"});
  storage.calls.clear();
  CHECK(depot.companion(key));
  CHECK_FALSE(depot.note("os/none"));
  CHECK(storage.calls ==
        std::vector<std::string>{"get os/halcyon-text-a.cabal.config", "get os/none"});
  storage.calls.clear();
  CHECK(depot.is_crowded("os/halcyon-text-"));
  CHECK(depot.archives("os/halcyon-text-", Place::storage) == std::vector<std::string>{key});
  CHECK_FALSE(depot.is_crowded("os/halcyon-text-"));
  CHECK_FALSE(depot.find_stored("os/halcyon-text-b.tar.gz"));
  CHECK(storage.calls == std::vector<std::string>{"list os/halcyon-text-"});
}

TEST_CASE_METHOD(Bench, "depot: what this run stores or removes in a crowded directory is known") {
  storage.is_crowded = true;
  Depot depot = this->depot();
  CHECK_FALSE(depot.find_stored(key));
  put(depot, key);
  CHECK(depot.find_stored(key));
  depot.remove(key);
  CHECK_FALSE(depot.find_stored(key));
  Depot other = this->depot();
  put(other, key);
  CHECK_FALSE(depot.find_stored(key));
  depot.list_anew(key);
  CHECK(depot.find_stored(key));
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

TEST_CASE_METHOD(Bench, "depot: what a run could not upload, the next one does") {
  const Depot::Policy deploys{.upload_must_work = false};
  storage.after_put = [](std::string_view file) {
    if (file.ends_with(".manifest")) throw Error("s3::failed", "Cannot write").why("It sleeps");
  };
  Depot failing = depot(deploys);
  CHECK_FALSE(put(failing, key));
  CHECK_THAT(output, Catch::Contains("It sleeps") && Catch::Contains("the next run uploads it"));
  CHECK(failing.complete(key, "tier: text\n"));  // again in vain

  storage.after_put = nullptr;
  Depot next = depot(deploys);
  CHECK_FALSE(next.complete(key, "tier: other\n"));
  CHECK(next.complete(key, "tier: text\n"));
  CHECK(depot().find_stored(key));
  CHECK(walk(storage_dir()).size() == 4);  // with a companion, in a directory

  storage.calls.clear();
  Depot last = depot(deploys);
  CHECK(last.complete(key, "tier: text\n"));
  CHECK(storage.calls.empty());
  CHECK(cache.keys("os/").size() == 3);
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

/// What another builder stores under a key.
void store_theirs(Witness& storage, const std::string& manifest_sha256 = sha256("theirs"),
                  const Keyring& keys = {}) {
  Manifest manifest;
  manifest.archive = key;
  manifest.tag = "tier: text\n";
  manifest.sha256 = manifest_sha256;
  manifest.bytes = 6;
  keys.sign(manifest);
  write_file(storage.file(key), "theirs");
  write_file(storage.file(manifest_name(key)), manifest.format());
}

TEST_CASE_METHOD(Bench, "depot: an archive is used while it arrives, and kept when it is whole") {
  Depot first = this->depot();
  put(first, key);
  remove_tree(cache.dir());
  Depot depot = this->depot();
  const auto found = depot.find(key);
  REQUIRE(found);
  std::vector<std::string> seen;
  const auto look = [&](Source& source) {
    std::vector<std::byte> buffer(100);
    std::string text;
    while (const std::size_t count = source.read(buffer)) {
      text.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
    seen.push_back(text);
  };
  const auto refuse = [](Source&) { throw Error("archive::corrupt", "It does not decode"); };
  const auto kept = [&] { return cache.has(key); };
  SECTION("at once") {
    depot.stream(*found, look);
    CHECK(seen == std::vector<std::string>{"content"});
    REQUIRE(kept());
    CHECK(read_file(cache.file(key)) == "content");
    CHECK(depot.find_cached(key));
  }
  SECTION("again, when it was damaged on its way") {
    storage.damaged = 1;
    depot.stream(*found, look);
    CHECK(seen == std::vector<std::string>{"cont", "content"});
    CHECK(kept());
  }
  SECTION("not when it is damaged each time") {
    storage.damaged = 2;
    CHECK(error_id([&] { depot.stream(*found, look); }) == "depot::corrupt");
    CHECK_FALSE(kept());
  }
  SECTION("not when it does not arrive") {
    storage.damaged = 1;
    storage.breaks = true;
    CHECK(error_id([&] { depot.stream(*found, look); }) == "storage::truncated");
    CHECK_FALSE(kept());
  }
  SECTION("not when it cannot be used, though it is what its manifest says") {
    CHECK(error_id([&] { depot.stream(*found, refuse); }) == "archive::corrupt");
    CHECK_FALSE(kept());
  }
  SECTION("again, when it could not be used for it was damaged") {
    storage.damaged = 1;
    int calls = 0;
    depot.stream(*found, [&](Source& source) { ++calls == 1 ? refuse(source) : look(source); });
    CHECK(seen == std::vector<std::string>{"content"});
  }
  SECTION("not when somebody has removed it") {
    storage.DirectoryStorage::remove(key);
    CHECK(error_id([&] { depot.stream(*found, look); }) == "depot::corrupt");
  }
  SECTION("from the cache") {
    depot.stream(*found, look);
    const auto cached = depot.find(key);
    REQUIRE(cached);
    CHECK(cached->place == Place::cache);
    depot.stream(*cached, look);
    CHECK(seen.back() == "content");
    write_file(cache.file(key), "CONTENT");
    CHECK(error_id([&] { depot.stream(*cached, look); }) == "depot::corrupt");
  }
}

TEST_CASE_METHOD(Bench, "depot: what another builder has stored meanwhile stands, if it is whole") {
  Depot depot = this->depot();
  CHECK_FALSE(depot.find_stored(key));
  store_theirs(storage);
  CHECK(put(depot, key));
  CHECK_THAT(output, Catch::Contains("another builder has done so"));
  CHECK(read_file(storage.file(key)) == "theirs");
  REQUIRE(depot.find_stored(key));
  CHECK(depot.find_stored(key)->manifest.sha256 == sha256("theirs"));
}

TEST_CASE_METHOD(Bench, "depot: what another builder has left in pieces is replaced") {
  Depot depot = this->depot();
  CHECK_FALSE(depot.find_stored(key));
  store_theirs(storage, sha256("something else"));
  CHECK(put(depot, key));
  CHECK(read_file(storage.file(key)) == "content");
  REQUIRE(depot.find_stored(key));
  CHECK(depot.find_stored(key)->manifest.sha256 == sha256("content"));
}

TEST_CASE_METHOD(Bench, "depot: two builders that store at the same time leave one whole archive") {
  Depot depot = this->depot();
  CHECK_FALSE(depot.find_stored(key));
  // Theirs comes between our archive and our manifest; no condition helps.
  int times = 0;
  storage.after_put = [&](std::string_view written) {
    if (written == key && ++times <= 2) store_theirs(storage);
  };
  CHECK(put(depot, key));
  const auto found = this->depot().find_stored(key);
  REQUIRE(found);
  CHECK(sha256_file(storage.file(key)) == found->manifest.sha256);
  times = -1000;
  CHECK(test::error_id([&] { put(depot, key); }) == "depot::contended");
}

TEST_CASE_METHOD(Bench, "depot: an archive is uploaded while it is made") {
  Depot depot = this->depot();
  CHECK(make(depot, key));
  CHECK(read_file(cache.file(key)) == "content");
  CHECK(read_file(storage.file(key)) == "content");
  REQUIRE(depot.find_stored(key));
  CHECK(depot.find_stored(key)->manifest.sha256 == sha256("content"));
  std::erase_if(storage.calls, [](const std::string& call) { return !call.starts_with("put "); });
  CHECK(storage.calls == std::vector<std::string>{"put " + key, "put " + key + ".manifest"});
  storage.calls.clear();
  Depot silent = this->depot({.upload = false});
  CHECK_FALSE(make(silent, "os/halcyon-text-b.tar.gz"));
  CHECK(storage.calls.empty());
  CHECK(silent.find_cached("os/halcyon-text-b.tar.gz"));
}

TEST_CASE_METHOD(Bench, "depot: what is not finished leaves nothing, in cache or storage") {
  Depot depot = this->depot();
  depot.begin(key)->write(std::as_bytes(std::span(std::string_view("half"))));
  CHECK(fs::is_empty(cache.file(key).parent_path()));
  CHECK(fs::is_empty(storage.file(key).parent_path()));
}

TEST_CASE_METHOD(Bench, "depot: an upload that fails leaves the archive in the cache") {
  storage.refuses = true;
  SECTION("and is told where it must work") {
    Depot depot = this->depot();
    CHECK(error_id([&] { make(depot, key); }) == "directory::full");
    CHECK(depot.find_cached(key));
    storage.refuses = false;
    CHECK(this->depot().complete(key, "tier: text\n"));  // the next run does it
    CHECK(this->depot().find_stored(key));
  }
  SECTION("and warned of where it need not") {
    Depot depot = this->depot({.upload_must_work = false});
    CHECK_FALSE(make(depot, key));
    CHECK(depot.find_cached(key));
    CHECK_THAT(output, Catch::Contains("No space") && Catch::Contains("in the cache"));
  }
}

TEST_CASE_METHOD(Bench, "depot: what was uploaded while it was made is replaced from the cache") {
  Depot depot = this->depot();
  int times = 0;
  storage.after_put = [&](std::string_view written) {
    if (written == key && ++times <= 2) store_theirs(storage);
  };
  CHECK(make(depot, key));
  CHECK(times == 3);
  const auto found = this->depot().find_stored(key);
  REQUIRE(found);
  CHECK(sha256_file(storage.file(key)) == found->manifest.sha256);
}

TEST_CASE_METHOD(Bench, "depot: no more is downloaded than the manifest says") {
  Depot owner = depot();
  put(owner, key);
  fs::remove(cache.file(key));
  write_file(storage.file(key), std::string(10'000'000, 'x'));
  Depot depot = this->depot();
  const auto found = depot.find(key);
  REQUIRE(found);
  CHECK(error_id([&] { depot.fetch(*found); }) == "depot::corrupt");
  std::size_t seen = 0;
  const auto use = [&seen](Source& source) {
    std::vector<std::byte> buffer(1U << 16U);
    while (const std::size_t count = source.read(buffer)) seen += count;
  };
  CHECK(error_id([&] { depot.stream(*found, use); }) == "depot::corrupt");
  CHECK(seen <= 2 * found->manifest.bytes);  // it is tried twice
  CHECK_FALSE(fs::exists(cache.file(key)));
  depot.distrust(*found, "it is too long");
  CHECK_FALSE(depot.find(key));
}

TEST_CASE_METHOD(Bench, "depot: a manifest of an older version is none, wherever it is") {
  const std::string old =
      "archive-sha256: " + sha256("theirs") + "\narchive-bytes: 6\ntree-bytes: 6\n\ntier: text\n";
  store_theirs(storage);
  write_file(storage.file(manifest_name(key)), old);
  write_file(cache.file(key), "theirs");
  write_file(cache.file(manifest_name(key)), old);
  Depot depot = this->depot();
  CHECK_FALSE(depot.find(key));
  CHECK_THAT(output, Catch::Contains("Another version of Halcyon"));
  CHECK(put(depot, key));
  CHECK(read_file(storage.file(key)) == "content");
  REQUIRE(depot.find_stored(key));
}

TEST_CASE_METHOD(Bench, "depot: a manifest belongs to its archive alone") {
  Depot depot = this->depot();
  put(depot, key);
  const std::string other = "os/halcyon-text-b.tar.gz";
  for (const char* name : {"storage", "cache"}) {
    const fs::path place = dir.path() / name;
    fs::copy_file(place / key, place / other);
    fs::copy_file(place / manifest_name(key), place / manifest_name(other));
  }
  Depot reader = this->depot();
  CHECK_FALSE(reader.find(other));
  CHECK(reader.find(key));
  CHECK_THAT(output, Catch::Contains("is the manifest of another archive, " + key));
}

/// A builder's key.
const SecretKey& builder() {
  static const SecretKey secret = SecretKey::create();
  return secret;
}

Depot::Policy strict(const std::string& signing = builder().text()) {
  Depot::Policy policy;
  policy.keys = Keyring(signing, {builder().public_key().text()});
  return policy;
}

TEST_CASE_METHOD(Bench, "depot: with trusted keys, what one of them has signed is used") {
  Depot builders = depot(strict());
  CHECK(put(builders, key));
  const auto found = depot(strict("")).find_stored(key);
  REQUIRE(found);
  cache.set_aside(key);
  Depot reader = depot(strict(""));
  CHECK(read_file(reader.fetch(*found)) == "content");
  CHECK(depot(strict("")).find_cached(key));  // its manifest came with its signature
  CHECK(depot().find_stored(key));            // whoever wants no signature may have it too
}

TEST_CASE_METHOD(Bench, "depot: what nobody who is trusted has signed is absent, told, and stays") {
  SECTION("unsigned") { store_theirs(storage); }
  SECTION("signed by somebody else") {
    store_theirs(storage, sha256("theirs"), Keyring(SecretKey::create().text(), {}));
  }
  SECTION("with the signature of another archive") {
    Depot builders = depot(strict());
    put(builders, key);
    const auto signature = depot().find_stored(key)->manifest.signature;
    store_theirs(storage);
    std::string text = read_file(storage.file(manifest_name(key)));
    text.insert(text.find('\n') + 1, "signature: " + signature + "\n");
    write_file(storage.file(manifest_name(key)), text);
    cache.set_aside(key);
  }
  SECTION("in the cache") {
    store_theirs(storage);
    fs::create_directories(cache.file(key).parent_path());
    fs::rename(storage.file(key), cache.file(key));
    fs::rename(storage.file(manifest_name(key)), cache.file(manifest_name(key)));
    Depot depot = this->depot(strict());
    CHECK_FALSE(depot.find(key));
    CHECK_FALSE(fs::exists(cache.file(key)));
    store_theirs(storage);
  }
  output.clear();
  Depot depot = this->depot(strict());
  CHECK_FALSE(depot.find(key));
  const std::size_t told = output.find("Nobody who is trusted has signed");
  REQUIRE(told != std::string::npos);
  CHECK_FALSE(depot.find(key));
  CHECK(output.find("Nobody who is trusted", told + 1) == std::string::npos);
  CHECK(read_file(storage.file(key)) == "theirs");
  // What is built instead takes its place.
  CHECK(put(depot, key));
  CHECK(read_file(storage.file(key)) == "content");
  CHECK(this->depot(strict("")).find_stored(key));
}

TEST_CASE_METHOD(Bench, "depot: what an attacker stores meanwhile does not stand") {
  Depot depot = this->depot(strict());
  CHECK_FALSE(depot.find_stored(key));
  store_theirs(storage);
  CHECK(put(depot, key));
  CHECK(read_file(storage.file(key)) == "content");
  REQUIRE(this->depot(strict("")).find_stored(key));
}

TEST_CASE_METHOD(Bench, "depot: with trusted keys and none to sign with, nothing is kept") {
  Depot depot = this->depot(strict(""));
  CHECK_FALSE(depot.archives_layers());
  CHECK_FALSE(depot.uploads());
  CHECK_FALSE(depot.cleans());
}

}  // namespace
}  // namespace halcyon
