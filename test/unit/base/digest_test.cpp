#include "base/digest.h"

#include <catch2/catch.hpp>

#include "base/error_id.h"
#include "base/files.h"
#include "base/stream.h"

using namespace halcyon;

TEST_CASE("digests of known texts", "[base]") {
  CHECK(sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Digest digest;
  digest.update("a");
  digest.update("bc");
  CHECK(digest.hex() == sha256("abc"));
  // RFC 4231, test case 2
  CHECK(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(to_hex(std::string("\x00\xff\x1a", 3)) == "00ff1a");
}

TEST_CASE("a file's digest", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const std::string large(1'000'000, 'x');
  write_file(dir.path() / "large", large);
  CHECK(sha256_file(dir.path() / "large") == sha256(large));
  CHECK(test::error_id([&] { sha256_file(dir.path() / "none"); }) == "disk::failed");
}

TEST_CASE("a tree's digest tells content, names, kinds and modes, not times", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path tree = dir.path() / "tree";
  write_file(tree / "sub" / "a", "one");
  write_file(tree / "b", "two");
  fs::create_symlink("sub/a", tree / "link");
  const std::string before = tree_digest(tree);
  CHECK(before.size() == 40);

  SECTION("times do not count") {
    fs::last_write_time(tree / "b", fs::file_time_type::clock::now() - std::chrono::hours(5));
    CHECK(tree_digest(tree) == before);
  }
  SECTION("content") {
    write_file(tree / "b", "twO");
    CHECK(tree_digest(tree) != before);
  }
  SECTION("name") {
    fs::rename(tree / "b", tree / "c");
    CHECK(tree_digest(tree) != before);
  }
  SECTION("executable bit") {
    fs::permissions(tree / "b", fs::perms::owner_exec, fs::perm_options::add);
    CHECK(tree_digest(tree) != before);
  }
  SECTION("link target") {
    fs::remove(tree / "link");
    fs::create_symlink("sub/b", tree / "link");
    CHECK(tree_digest(tree) != before);
  }
  SECTION("a link and a file of the same text differ") {
    fs::remove(tree / "link");
    write_file(tree / "link", "sub/a");
    CHECK(tree_digest(tree) != before);
  }
  SECTION("what is skipped does not count") {
    write_file(tree / "dist" / "x", "new");
    CHECK(tree_digest(tree) != before);
    CHECK(tree_digest(tree, [](const fs::path& path) { return path == "dist"; }) == before);
  }
}
