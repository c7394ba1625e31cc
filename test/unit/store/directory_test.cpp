#include "store/directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>

#include "storage_contract.h"

namespace halcyon {
namespace {

using test::error_id;
using test::get_text;
using test::keys;
using test::put_text;

struct Fixture {
  TempDir dir{fs::temp_directory_path()};
  fs::path root = dir.path() / "made" / "storage";
  DirectoryStorage storage{root};
};

TEST_CASE_METHOD(Fixture, "directory: keeps the storage contract") {
  test::check_contract(storage, dir.path());
}

TEST_CASE_METHOD(Fixture, "directory: is made at the first put") {
  CHECK(storage.list("").empty());
  CHECK_FALSE(fs::exists(root));
  put_text(storage, dir.path(), "a/b", "x");
  CHECK(read_file(root / "a" / "b") == "x");
  CHECK(storage.describe() == "directory " + root.string());
  CHECK(storage.describe("a/b") == (root / "a/b").string());
}

TEST_CASE_METHOD(Fixture, "directory: modes follow the umask") {
  const mode_t before = umask(0002);
  put_text(storage, dir.path(), "shared/a", "x");
  umask(before);
  struct stat status {};
  REQUIRE(stat((root / "shared/a").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0664U);
  REQUIRE(stat((root / "shared").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0775U);
}

TEST_CASE_METHOD(Fixture,
                 "directory: temporary files are never listed, those of killed runs are removed") {
  const fs::path written = root / "a" / ".b.1234.tmp";
  const fs::path left = root / "a" / ".c.1234.tmp";
  write_file(written, "half");
  write_file(left, "half");
  CHECK(storage.list("").empty());
  {
    const FileLock writer(written);
    put_text(storage, dir.path(), "a/b", "x");
    CHECK(keys(storage, "") == std::vector<std::string>{"a/b"});
    CHECK(fs::exists(written));
    CHECK_FALSE(fs::exists(left));
  }
  put_text(storage, dir.path(), "a/b", "x");
  CHECK_FALSE(fs::exists(written));
}

TEST_CASE_METHOD(Fixture, "directory: a failed put leaves the old content and no temporary file") {
  put_text(storage, dir.path(), "a", "old");
  fs::create_directory(root / "dir");
  CHECK_FALSE(error_id([&] { put_text(storage, dir.path(), "dir", "new"); }).empty());
  CHECK_FALSE(error_id([&] { storage.put("a", dir.path(), sha256("")); }).empty());
  CHECK(get_text(storage, "a") == "old");
  CHECK(walk(root) == std::vector<fs::path>{"a", "dir"});
}

TEST_CASE_METHOD(Fixture,
                 "directory: links to directories are not entered, dead links not listed") {
  put_text(storage, dir.path(), "a/b", "x");
  fs::create_directory_symlink(root, root / "a" / "circle");
  fs::create_symlink("nowhere", root / "dead");
  fs::create_symlink("a/b", root / "alias");
  CHECK(keys(storage, "") == std::vector<std::string>{"a/b", "alias"});
}

/// Root may read and write everything: tests of what is forbidden run as nobody.
class Unprivileged {
 public:
  Unprivileged() { REQUIRE((!root_ || seteuid(65534) == 0)); }
  ~Unprivileged() {
    if (root_ && seteuid(0) != 0) std::abort();
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  bool root_ = geteuid() == 0;
};

TEST_CASE_METHOD(Fixture, "directory: forbidden places are named") {
  put_text(storage, dir.path(), "a/b", "x");
  const fs::path place = root / "a";
  write_file(dir.path() / "new", "x");
  fs::permissions(dir.path(), fs::perms(0755));
  fs::permissions(place, fs::perms::none);
  const std::vector<std::function<void()>> actions = {
      [&] { storage.list(""); },
      [&] { get_text(storage, "a/b"); },
      [&] { storage.put("a/c", dir.path() / "new", sha256("x")); },
      [&] { storage.remove("a/b"); },
  };
  for (const auto& action : actions) {
    std::string message = "(no error)";
    try {
      const Unprivileged nobody;
      action();
    } catch (const Error& error) {
      message = error.what();
    }
    CHECK_THAT(message, Catch::Contains(place.string()));
  }
  fs::permissions(place, fs::perms::owner_all);
}

TEST_CASE("storage: keys are checked UTF-8 without surprises") {
  CHECK(is_key("linux-debian-12-x64/halcyon-ghc-9.0.2.tar.xz"));
  CHECK(is_key("\xf0\x9f\x98\x80"));
  CHECK(is_key("..."));
  CHECK(is_key(std::string(1024, 'a')));
  CHECK_FALSE(is_key(std::string(1025, 'a')));
  CHECK_FALSE(is_key("\xc0\xaf"));          // overlong '/'
  CHECK_FALSE(is_key("\xed\xa0\x80"));      // a surrogate
  CHECK_FALSE(is_key("\xf4\x90\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(is_key("\xe2\x82"));          // cut short
  CHECK_FALSE(is_key(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace halcyon
