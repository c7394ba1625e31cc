#include "heroku/build_request.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "base/ed25519.h"
#include "base/error_id.h"

namespace halcyon {
namespace {

using test::error_id;

/// A run with a directory for storage, on a machine of its own.
class Machine {
 public:
  explicit Machine(Environment more = {}) : temp_(fs::temp_directory_path()) {
    fs::create_directories(storage());
    more.insert({{"HALCYON_APP_DIR", (temp_.path() / "app").string()},
                 {"HALCYON_CACHE_DIR", (temp_.path() / "cache").string()},
                 {"HALCYON_STORAGE_DIR", storage().string()}});
    options_ = std::make_unique<Options>(Options({}, more));
    run = std::make_unique<Run>(*options_, Environment{{"PATH", "/usr/bin:/bin"}}, false);
    run->begin();
    write_file(source(), "what was pushed");
  }
  fs::path storage() const { return temp_.path() / "storage"; }
  fs::path source() const { return temp_.path() / "source.tar.gz"; }
  SlugParts parts(const std::string& id) const { return {source(), "stack", "0abc", id}; }

 private:
  TempDir temp_;
  std::unique_ptr<Options> options_;

 public:
  std::unique_ptr<Run> run;
};

const std::string ours(32, 'a');
const std::string theirs(32, 'b');

}  // namespace

TEST_CASE("an app is remembered by a name of its own", "[build_request]") {
  const TempDir first(fs::temp_directory_path());
  const TempDir second(fs::temp_directory_path());
  const std::string id = AppMemory(first.path()).id();
  CHECK(id.size() == 32);
  CHECK(AppMemory(first.path()).id() == id);
  CHECK(AppMemory(second.path()).id() != id);
  for (const std::string& wrong : {std::string("../../../etc"), std::string(33, 'a')}) {
    write_file(first.path() / "halcyon" / "app-id", wrong);
    CHECK(AppMemory(first.path()).id() != wrong);
  }
}

TEST_CASE("whether an app is deployed is remembered", "[build_request]") {
  const TempDir cache(fs::temp_directory_path());
  CHECK_FALSE(AppMemory(cache.path()).is_deployed());
  AppMemory(cache.path()).set_deployed(true);
  CHECK(AppMemory(cache.path()).is_deployed());
  AppMemory(cache.path()).set_deployed(false);
  CHECK_FALSE(AppMemory(cache.path()).is_deployed());
}

TEST_CASE("a request is found by its app", "[build_request]") {
  Machine machine;
  CHECK_FALSE(find_request(*machine.run, ours, ""));
  REQUIRE(leave_request(*machine.run, "hello-1.0", machine.parts(ours)));
  CHECK_FALSE(find_request(*machine.run, theirs, ""));
  CHECK_FALSE(find_request(*machine.run, "../" + ours, ""));
  const auto request = find_request(*machine.run, ours, "20140101000000");
  REQUIRE(request);
  CHECK(request->tag.get("contents") == "hello-1.0");
  CHECK(request->tag.get("toolchain") == "0abc");
  CHECK(read_file(machine.run->depot().fetch(request->archive)) == "what was pushed");
}

TEST_CASE("a request from before the running release is not found", "[build_request]") {
  Machine machine;
  REQUIRE(leave_request(*machine.run, "hello-1.0", machine.parts(ours)));
  CHECK_FALSE(find_request(*machine.run, ours, "29990101000000"));
}

TEST_CASE("what is no request, or one for another stack, is not built", "[build_request]") {
  Machine machine;
  REQUIRE(leave_request(*machine.run, "hello-1.0", machine.parts(ours)));
  const fs::path manifest = machine.storage() / "requests" / ours / "source.tar.gz.manifest";
  const std::string text = read_file(manifest);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    write_file(manifest, changed.replace(changed.find(from), from.size(), to));
  };
  with("build-request", "app");
  CHECK_FALSE(find_request(*machine.run, ours, ""));
  with("os: linux-", "os: minix-");
  CHECK(error_id([&] { find_request(*machine.run, ours, ""); }) == "request::other-stack");
}

TEST_CASE("with trusted keys, only a request that one of them has signed is built",
          "[build_request]") {
  const SecretKey secret = SecretKey::create();
  Machine machine({{"HALCYON_SIGNING_KEY", secret.text()},
                   {"HALCYON_TRUSTED_KEYS", secret.public_key().text()}});
  REQUIRE(leave_request(*machine.run, "hello-1.0", machine.parts(ours)));
  REQUIRE(find_request(*machine.run, ours, ""));
  const fs::path place = machine.storage() / "requests";
  const fs::path archive = place / ours / "source.tar.gz";
  const fs::path manifest = place / ours / "source.tar.gz.manifest";
  std::string text = read_file(manifest);
  SECTION("another source, and a manifest that fits") {
    write_file(archive, "what was slipped in");
    text.replace(text.find(sha256("what was pushed")), 64, sha256("what was slipped in"));
    text.replace(text.find("archive-bytes: 15"), 17, "archive-bytes: 19");
    write_file(manifest, text);
    CHECK_FALSE(find_request(*machine.run, ours, ""));
  }
  SECTION("another source under the same manifest") {
    write_file(archive, "what was pushee");
    const auto request = find_request(*machine.run, ours, "");
    REQUIRE(request);
    CHECK(error_id([&] { machine.run->depot().fetch(request->archive); }) == "depot::corrupt");
  }
  SECTION("not signed") {
    text.erase(text.find("signature: "), text.find("archive: ") - text.find("signature: "));
    write_file(manifest, text);
    CHECK_FALSE(find_request(*machine.run, ours, ""));
  }
  SECTION("another app's") {
    fs::rename(place / ours, place / theirs);
    CHECK_FALSE(find_request(*machine.run, theirs, ""));
  }
}

TEST_CASE("a request needs a storage that can be written to", "[build_request]") {
  Machine machine;
  remove_tree(machine.storage());
  write_file(machine.storage(), "no directory");
  CHECK_FALSE(leave_request(*machine.run, "hello-1.0", machine.parts(ours)));
}

}  // namespace halcyon
