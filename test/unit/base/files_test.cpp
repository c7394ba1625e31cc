#include "base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error_id.h"

using namespace halcyon;
using Paths = std::vector<fs::path>;

namespace {

struct stat info_of(const fs::path& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info;
}

void set_time(const fs::path& path, time_t seconds, long nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

/// Runs `action` as somebody who is not root; whether it went well.
template <typename Action>
bool as_nobody(Action action) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    constexpr unsigned nobody = 65534;
    bool done = ::geteuid() != 0 || (::setgid(nobody) == 0 && ::setuid(nobody) == 0);
    try {
      action();
    } catch (const std::exception&) {
      done = false;
    }
    ::_exit(done ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("a descriptor closes once", "[base]") {
  int number = -1;
  {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = fd.get();
    UniqueFd other(std::move(fd));
    CHECK_FALSE(fd);
    CHECK(other.get() == number);
    CHECK(::fcntl(number, F_GETFD) >= 0);
  }
  CHECK(::fcntl(number, F_GETFD) < 0);
}

TEST_CASE("a temporary directory is ours alone and vanishes", "[base]") {
  fs::path path;
  {
    const TempDir outer(fs::temp_directory_path());
    const TempDir dir(outer.path() / "made" / "too", "x-");
    path = dir.path();
    CHECK(path.filename().string().starts_with("x-"));
    CHECK((info_of(path).st_mode & 0777U) == 0700U);
    write_file(path / "a" / "b", "c");
    fs::create_symlink("/etc", path / "link");
  }
  CHECK_FALSE(fs::exists(path));
  CHECK(fs::exists("/etc/passwd"));
}

TEST_CASE("files are written whole, and leave nothing beside them", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "new" / "dir" / "file";
  write_file(file, std::string("a\0b", 3), 0640);
  CHECK(read_file(file) == std::string("a\0b", 3));
  CHECK((info_of(file).st_mode & 0777U) == 0640U);
  write_file(file, "");
  CHECK(read_file(file).empty());
  CHECK(walk(file.parent_path()) == Paths{"file"});

  // What cannot be renamed leaves nothing either.
  fs::create_directory(dir.path() / "new" / "taken");
  write_file(dir.path() / "new" / "taken" / "x", "");
  CHECK_FALSE(test::error_id([&] { write_file(dir.path() / "new" / "taken", "x"); }).empty());
  CHECK(walk(dir.path() / "new") == Paths{"dir", "dir/file", "taken", "taken/x"});
}

TEST_CASE("files are read up to a limit", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "file";
  CHECK_FALSE(read_file_if_any(file).has_value());
  CHECK_FALSE(read_file_if_any(file / "below").has_value());
  CHECK(test::error_id([&] { read_file(file); }) == "disk::failed");
  write_file(file, "12345");
  CHECK(read_file_if_any(file) == "12345");
  CHECK(read_file(file, 5) == "12345");
  CHECK(test::error_id([&] { read_file(file, 4); }) == "file::too-large");
  CHECK_FALSE(test::error_id([&] { read_file(dir.path()); }).empty());
}

TEST_CASE("a forbidden file is not a missing one", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "closed" / "file", "x");
  fs::permissions(dir.path() / "closed", fs::perms::none);
  fs::permissions(dir.path(), fs::perms::all);
  CHECK_FALSE(as_nobody([&] { read_file_if_any(dir.path() / "closed" / "file"); }));
}

TEST_CASE("a copied file keeps mode and times", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "from", "content", 0751);
  set_time(dir.path() / "from", 1'000'000'000, 123'456'789);
  halcyon::copy_file(dir.path() / "from", dir.path() / "sub" / "to");
  const struct stat info = info_of(dir.path() / "sub" / "to");
  CHECK(read_file(dir.path() / "sub" / "to") == "content");
  CHECK((info.st_mode & 0777U) == 0751U);
  CHECK(info.st_mtim.tv_sec == 1'000'000'000);
  CHECK(info.st_mtim.tv_nsec == 123'456'789);
}

TEST_CASE("a copied tree keeps links, modes and times", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path from = dir.path() / "from";
  const fs::path to = dir.path() / "to";
  write_file(from / "sub" / "file", "new", 0755);
  fs::create_hard_link(from / "sub" / "file", from / "twin");
  fs::create_symlink("sub/file", from / "link");
  fs::create_symlink("nowhere", from / "dangling");
  fs::create_directory(from / "empty");
  write_file(from / "skipped" / "file", "");
  fs::permissions(from / "empty", fs::perms::owner_read | fs::perms::owner_exec);
  set_time(from / "sub" / "file", 1'000'000'000, 5);
  set_time(from / "sub", 1'000'000'001, 6);
  set_time(from / "link", 1'000'000'002, 7);
  write_file(to / "sub" / "file", "old, to be replaced");
  write_file(to / "sub" / "kept", "kept");
  write_file(to / "empty", "a file where a directory belongs");

  copy_tree(from, to, [](const fs::path& path) { return path == "skipped"; });
  CHECK(walk(to) == Paths{"dangling", "empty", "link", "sub", "sub/file", "sub/kept", "twin"});
  CHECK(read_file(to / "sub" / "file") == "new");
  CHECK(read_file(to / "sub" / "kept") == "kept");
  CHECK(fs::read_symlink(to / "link") == "sub/file");
  CHECK(fs::read_symlink(to / "dangling") == "nowhere");
  CHECK((info_of(to / "sub" / "file").st_mode & 0777U) == 0755U);
  CHECK((info_of(to / "empty").st_mode & 0777U) == 0500U);
  CHECK(info_of(to / "twin").st_ino == info_of(to / "sub" / "file").st_ino);
  CHECK(info_of(to / "twin").st_ino != info_of(from / "twin").st_ino);
  CHECK(info_of(to / "sub" / "file").st_mtim.tv_nsec == 5);
  CHECK(info_of(to / "sub").st_mtim.tv_sec == 1'000'000'001);
  CHECK(info_of(to / "link").st_mtim.tv_nsec == 7);
}

TEST_CASE("a copied link replaces a directory's link, not what it leads to", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "from" / "sub" / "file", "new");
  write_file(dir.path() / "elsewhere" / "file", "safe");
  fs::create_directory(dir.path() / "to");
  fs::create_symlink(dir.path() / "elsewhere", dir.path() / "to" / "sub");
  copy_tree(dir.path() / "from", dir.path() / "to");
  CHECK(read_file(dir.path() / "elsewhere" / "file") == "safe");
  CHECK(read_file(dir.path() / "to" / "sub" / "file") == "new");
}

TEST_CASE("trees are removed, read-only ones too, and no link is followed", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  fs::permissions(dir.path(), fs::perms::all);
  write_file(dir.path() / "elsewhere" / "file", "safe");
  const fs::path tree = dir.path() / "tree";
  CHECK(as_nobody([&] {
    write_file(tree / "a" / "b" / "file", "");
    fs::create_directory_symlink(dir.path() / "elsewhere", tree / "a" / "link");
    for (const char* path : {"a/b", "a", "."}) {
      fs::permissions(tree / path, fs::perms::owner_read | fs::perms::owner_exec);
    }
  }));
  CHECK(as_nobody([&] { remove_tree(tree); }));
  CHECK_FALSE(fs::exists(tree));
  CHECK(read_file(dir.path() / "elsewhere" / "file") == "safe");
  CHECK_NOTHROW(remove_tree(tree));

  fs::create_directory_symlink(dir.path() / "elsewhere", dir.path() / "link");
  remove_tree(dir.path() / "link");
  CHECK(read_file(dir.path() / "elsewhere" / "file") == "safe");
}

TEST_CASE("trees move, within a file system and across", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path shm = "/dev/shm";
  const bool other = fs::is_directory(shm) && info_of(shm).st_dev != info_of(dir.path()).st_dev;
  for (const fs::path& parent : {dir.path(), other ? shm : dir.path()}) {
    const TempDir place(parent);
    const fs::path from = dir.path() / "from";
    write_file(from / "sub" / "file", "x");
    fs::permissions(from, fs::perms::owner_all | fs::perms::group_read);
    move_tree(from, place.path() / "to");
    CHECK_FALSE(fs::exists(from));
    CHECK(read_file(place.path() / "to" / "sub" / "file") == "x");
    CHECK((info_of(place.path() / "to").st_mode & 0777U) == 0740U);
    CHECK(walk(place.path()) == Paths{"to", "to/sub", "to/sub/file"});
  }
  CHECK_FALSE(test::error_id([&] { move_tree(dir.path() / "none", dir.path() / "x"); }).empty());
}

TEST_CASE("a tree moves into another one", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path shm = "/dev/shm";
  const TempDir other(fs::is_directory(shm) ? shm : dir.path());
  for (const fs::path& place : {dir.path(), other.path()}) {
    INFO(place);
    const fs::path from = dir.path() / "from";
    const fs::path to = place / "to";
    for (const char* name : {"bin/new", "bin/both", "link/x", "share/y", "file"}) {
      write_file(from / name, "ours", 0755);
    }
    for (const char* name : {"bin/both", "bin/other", "elsewhere/z", "file/was-a-directory"}) {
      write_file(to / name, "theirs");
    }
    fs::create_directory_symlink("elsewhere", to / "link");
    move_into(from, to);
    for (const char* name : {"bin/new", "bin/both", "link/x", "share/y", "file"}) {
      CHECK(read_file(to / name) == "ours");
      CHECK((fs::status(to / name).permissions() & fs::perms::mask) == fs::perms(0755));
    }
    CHECK(read_file(to / "bin/other") == "theirs");
    CHECK_FALSE(fs::is_symlink(to / "link"));  // no file goes through a link
    CHECK_FALSE(fs::exists(to / "elsewhere/x"));
    remove_tree(from);
  }
}

TEST_CASE("sizes count hard links once", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "a", std::string(1000, 'x'));
  write_file(dir.path() / "sub" / "b", std::string(10, 'x'));
  fs::create_hard_link(dir.path() / "a", dir.path() / "sub" / "a");
  fs::create_symlink("/etc/passwd", dir.path() / "link");
  CHECK(tree_size(dir.path()) == 1010);
  CHECK(free_space(dir.path()) > 0);
  CHECK(free_space(dir.path() / "not" / "yet" / "there") > 0);
}

TEST_CASE("a walk is sorted by bytes and enters no link", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  for (const char* name : {"b", "a/z", "a-b", "B", "\xc3\xa4"}) write_file(dir.path() / name, "");
  fs::create_directory_symlink("/etc", dir.path() / "link");
  CHECK(walk(dir.path()) == Paths{"B", "a", "a-b", "a/z", "b", "link", "\xc3\xa4"});
  CHECK(walk(dir.path(), [](const fs::path& path) { return path == "a"; }) ==
        Paths{"B", "a-b", "b", "link", "\xc3\xa4"});
  CHECK_FALSE(test::error_id([&] { walk(dir.path() / "none"); }).empty());
}

TEST_CASE("a lock keeps others out while it lives", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "lock";
  const auto is_free = [&file] {
    const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    return ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
  };
  {
    const FileLock lock(file);
    CHECK_FALSE(is_free());
  }
  CHECK(is_free());
}
