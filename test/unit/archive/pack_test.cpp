#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "archive/archive.h"
#include "base/error_id.h"

using namespace halcyon;
using Paths = std::vector<fs::path>;

namespace {

const std::string long_name = std::string(120, 'd') + "/" + std::string(200, 'f');

void set_time(const fs::path& path, time_t seconds, long nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

/// A tree with one of everything, at fixed times.
void make_tree(const fs::path& dir) {
  write_file(dir / "tag", "the tag\n");
  write_file(dir / "bin" / "program", std::string(300'000, 'p'), 0755);
  write_file(dir / "private", "", 0400);
  write_file(dir / long_name, "long");
  write_file(dir / "n\xc3\xa4me \n'\"", "utf-8");
  write_file(dir / "latin-\xe4", "not utf-8");
  fs::create_hard_link(dir / "bin" / "program", dir / "a-twin");
  fs::create_symlink("bin/program", dir / "link");
  fs::create_symlink("/app/ghc/tag", dir / "absolute");
  fs::create_directory(dir / "empty");
  write_file(dir / "read-only" / "file", "x");
  const Paths paths = walk(dir);
  long count = 0;
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    set_time(dir / *path, 1'600'000'000 + count, 123'456'789 - count);
    ++count;
  }
  fs::permissions(dir / "read-only", fs::perms::owner_read | fs::perms::owner_exec);
}

std::string pack_to_text(const fs::path& dir, Format format = Format::zstd,
                         const std::vector<std::string>& first = {"tag"},
                         const std::function<bool(const fs::path&)>& skip = nullptr) {
  StringSink out;
  pack(dir, out, format, 2, {.first = first, .list = {}, .skip = skip});
  return out.text;
}

/// The names of an archive's entries, in their order.
Paths entries_of(const std::string& bytes) {
  struct archive* reader = archive_read_new();
  archive_read_support_filter_all(reader);
  archive_read_support_format_tar(reader);
  REQUIRE(archive_read_open_memory(reader, bytes.data(), bytes.size()) == ARCHIVE_OK);
  Paths names;
  struct archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    names.push_back(fs::path(archive_entry_pathname(entry)).lexically_normal());
    if (!names.back().has_filename()) names.back() = names.back().parent_path();
  }
  archive_read_free(reader);
  return names;
}

}  // namespace

TEST_CASE("a tree survives archive and restoration, in each format", "[archive]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path tree = dir.path() / "tree";
  make_tree(tree);
  for (const Format format : {Format::gzip, Format::xz, Format::zstd}) {
    INFO(archive_suffix(format));
    const TempDir place(dir.path());
    StringSink out;
    const ArchiveStats packed =
        pack(tree, out, format, 2, {.first = {"tag"}, .list = {}, .skip = {}});
    StringSource source(out.text);
    const ArchiveStats unpacked = unpack(source, place.path(), "/app/ghc");
    CHECK(packed.entries == walk(tree).size());
    CHECK(packed.tree_bytes == tree_size(tree));
    CHECK(unpacked.entries == packed.entries);
    CHECK(unpacked.tree_bytes == packed.tree_bytes);

    REQUIRE(walk(place.path()) == walk(tree));
    CHECK(tree_digest(place.path()) == tree_digest(tree));
    for (const fs::path& path : walk(tree)) {
      INFO(path);
      struct stat before {};
      struct stat after {};
      REQUIRE(::lstat((tree / path).c_str(), &before) == 0);
      REQUIRE(::lstat((place.path() / path).c_str(), &after) == 0);
      CHECK(after.st_mode == before.st_mode);
      CHECK(after.st_nlink == before.st_nlink);
      CHECK(after.st_mtim.tv_sec == before.st_mtim.tv_sec);
      CHECK(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    }
  }
}

TEST_CASE("what is to be first is, the others are sorted", "[archive]") {
  const TempDir dir(fs::temp_directory_path());
  for (const char* name : {"b", "a/z", "a/y", "a-b", "tag", "skipped/x"}) {
    write_file(dir.path() / name, "");
  }
  const auto skip = [](const fs::path& path) { return path == "skipped"; };
  CHECK(entries_of(pack_to_text(dir.path(), Format::gzip, {"tag"}, skip)) ==
        Paths{"tag", "a", "a-b", "a/y", "a/z", "b"});
  CHECK(entries_of(pack_to_text(dir.path(), Format::gzip, {}, skip)) ==
        Paths{"a", "a-b", "a/y", "a/z", "b", "tag"});
  CHECK(entries_of(pack_to_text(dir.path(), Format::gzip, {"tag", "a"}, skip)) ==
        Paths{"tag", "a", "a/y", "a/z", "a-b", "b"});
  CHECK_FALSE(test::error_id([&] { pack_to_text(dir.path(), Format::gzip, {"none"}); }).empty());
}

TEST_CASE("the same tree makes the same archive, whoever packs it and wherever", "[archive]") {
  const TempDir one(fs::temp_directory_path());
  const TempDir two(fs::temp_directory_path());
  make_tree(one.path());
  make_tree(two.path());
  for (const Format format : {Format::gzip, Format::xz, Format::zstd}) {
    INFO(archive_suffix(format));
    CHECK(pack_to_text(one.path(), format) == pack_to_text(two.path(), format));
  }
}

TEST_CASE("an empty tree makes an archive too", "[archive]") {
  const TempDir dir(fs::temp_directory_path());
  CHECK(entries_of(pack_to_text(dir.path(), Format::xz, {})).empty());
}

TEST_CASE("what is no file, directory or link is not archived", "[archive]") {
  const TempDir dir(fs::temp_directory_path());
  REQUIRE(::mkfifo((dir.path() / "pipe").c_str(), 0600) == 0);
  try {
    pack_to_text(dir.path(), Format::gzip, {});
    FAIL("packed");
  } catch (const Error& error) {
    CHECK(error.id() == "archive::unsupported-file");
    CHECK(std::string(error.what()).find("pipe") != std::string::npos);
  }
}

TEST_CASE("an Error of the sink passes through", "[archive]") {
  class Full : public Sink {
   public:
    bool write(Bytes) override { throw Error("disk::full", "Cannot write"); }
  };
  const TempDir dir(fs::temp_directory_path());
  make_tree(dir.path());
  for (const Format format : {Format::gzip, Format::xz, Format::zstd}) {
    Full full;
    CHECK(test::error_id([&] {
            pack(dir.path(), full, format, 2, {.first = {"tag"}, .list = {}, .skip = {}});
          }) == "disk::full");
  }
}
