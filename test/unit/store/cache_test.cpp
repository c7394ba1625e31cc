#include "store/cache.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

namespace halcyon {
namespace {

struct Fixture {
  TempDir dir{fs::temp_directory_path()};
  fs::path root = dir.path() / "cache";
  std::string out;
  Fixture() { log::capture(&out); }
  ~Fixture() { log::capture(nullptr); }

  void write(const std::string& key, std::string_view text) const { write_file(root / key, text); }
  bool exists(const std::string& key) const { return fs::exists(root / key); }
  /// What was printed since the last call.
  std::string told() { return std::exchange(out, {}); }
};

TEST_CASE_METHOD(Fixture, "cache: an empty one is made and nothing is told") {
  Cache cache(root);
  cache.prepare(false);
  CHECK(fs::is_directory(root));
  cache.clean();
  CHECK(told().empty());
}

TEST_CASE_METHOD(Fixture, "cache: contents are listed in natural order, with sizes") {
  write("linux-debian-12-x64/x-10.tar.xz", std::string(85'000'000, 'x'));
  write("linux-debian-12-x64/x-9.tar.xz", "123");
  write("linux-debian-12-x64/x-9.tar.xz.distrusted", "bad");
  write("linux-debian-12-x64/.y.1234.tmp", "half");
  Cache cache(root);
  cache.prepare(false);
  const std::string text = told();
  CHECK_THAT(text, Catch::StartsWith("-----> Examining cache contents\n"));
  CHECK_THAT(text, Catch::Contains("       linux-debian-12-x64/x-10.tar.xz (85 MB)\n"));
  CHECK(text.find("x-9.tar") < text.find("x-10.tar"));
  CHECK_THAT(text, !Catch::Contains("distrusted") && !Catch::Contains(".tmp"));
}

TEST_CASE_METHOD(Fixture, "cache: finds files by key only") {
  write("a/b", "x");
  const Cache cache(root);
  CHECK(cache.has("a/b"));
  CHECK_FALSE(cache.has("a"));
  CHECK_FALSE(cache.has("a/c"));
  CHECK(cache.file("a/c") == root / "a/c");
  CHECK_THROWS_AS(cache.file("../a"), Error);
}

TEST_CASE_METHOD(Fixture, "cache: what a run used survives, differences are told") {
  write("os/same", "1");
  write("os/changed", "1");
  write("os/unused", "1");
  write("os/gone", "1");
  write("other/unused", "1");
  write("os/.left.1234.tmp", "half");
  Cache cache(root);
  cache.prepare(false);
  told();
  write("os/changed", "longer");
  write("os/new-10", "1");
  write("os/new-9", "1");
  fs::remove(root / "os/gone");
  for (const char* key : {"os/same", "os/changed", "os/new-10", "os/new-9", "os/never-there"}) {
    cache.keep(key);
  }
  cache.clean();
  std::string text = told();
  const std::string head = "-----> Examining cache changes\n";
  REQUIRE_THAT(text, Catch::StartsWith(head));
  // Sizes are formatted elsewhere; what counts here are marks, names and their order.
  for (const char* part :
       {"       * os/changed (", "       - os/gone\n", "       + os/new-9 (",
        "       + os/new-10 (", "       - os/unused\n", "       - other/unused\n"}) {
    INFO(text);
    const std::size_t at = text.find(part);
    REQUIRE(at != std::string::npos);
    text.erase(0, at);
  }
  CHECK(exists("os/same"));
  CHECK_FALSE(exists("os/unused"));
  CHECK_FALSE(exists("other"));  // empty directories go as well
  CHECK_FALSE(exists("os/.left.1234.tmp"));

  cache.prepare(false);
  told();
  cache.clean();
  CHECK(told().empty());
}

TEST_CASE_METHOD(Fixture, "cache: a change of time alone is a change") {
  write("a", "1");
  Cache cache(root);
  cache.prepare(false);
  told();
  fs::last_write_time(root / "a", fs::file_time_type::clock::now() + std::chrono::seconds(5));
  cache.keep("a");
  cache.clean();
  CHECK_THAT(told(), Catch::Contains("* a ("));
}

TEST_CASE_METHOD(Fixture, "cache: a purge empties it") {
  write("a/b", "1");
  Cache cache(root);
  cache.prepare(true);
  CHECK(told() == "-----> Purging cache\n");
  CHECK(fs::is_empty(root));
}

TEST_CASE_METHOD(Fixture, "cache: a distrusted file is not found again, and goes in the end") {
  write("a/b", "bad");
  Cache cache(root);
  cache.prepare(false);
  cache.set_aside("a/b");
  CHECK_FALSE(cache.has("a/b"));
  CHECK(exists("a/b.distrusted"));
  write("a/b", "bad again");
  cache.set_aside("a/b");
  CHECK(read_file(root / "a/b.distrusted") == "bad again");
  CHECK_NOTHROW(cache.set_aside("a/b"));
  cache.keep("a/b");
  told();
  cache.clean();
  CHECK_FALSE(exists("a"));
  CHECK_THAT(told(), Catch::Contains("- a/b\n") && !Catch::Contains("distrusted"));
}

TEST_CASE_METHOD(Fixture, "cache: a failure to clean only warns") {
  Cache cache(root);
  cache.prepare(false);
  fs::remove_all(root);
  CHECK_NOTHROW(cache.clean());
  CHECK_THAT(told(), Catch::Contains("Failed to clean the cache"));
}

}  // namespace
}  // namespace halcyon
