#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "archive/archive.h"
#include "archive/tar_builder.h"
#include "base/error_id.h"

using namespace halcyon;
using test::TarBuilder;
using Paths = std::vector<fs::path>;

namespace {

const fs::path home = "/app/ghc";

std::string packed(const std::string& tar, Format format = Format::gzip) {
  StringSink out;
  const auto encoder = make_encoder(format, out, 2);
  encoder->write(std::as_bytes(std::span(tar)));
  encoder->finish();
  return out.text;
}

ArchiveStats unpack_text(const std::string& bytes, const fs::path& dir,
                         const UnpackOptions& options = {}) {
  StringSource source(bytes);
  return unpack(source, dir, home, options);
}

/// Whether the archive is refused as unsafe, naming `entry`, and nothing appears outside `dir`.
void check_refused(TarBuilder& tar, const std::string& entry) {
  INFO(entry);
  const TempDir outer(fs::temp_directory_path());
  const fs::path dir = outer.path() / "below" / "tree";
  try {
    unpack_text(tar.finish(), dir);
    FAIL_CHECK("It was unpacked");
  } catch (const Error& error) {
    CHECK(error.id() == "archive::unsafe-entry");
    CHECK(std::string(error.what()).find(entry) != std::string::npos);
  }
  CHECK(walk(outer.path(), [](const fs::path& path) { return path == "below/tree"; }) ==
        Paths{"below"});
}

/// Counts what is read of it.
class CountingSource : public Source {
 public:
  explicit CountingSource(std::string_view text) : text_(text) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = text_.read(buffer);
    bytes += count;
    return count;
  }
  std::size_t bytes = 0;

 private:
  StringSource text_;
};

}  // namespace

TEST_CASE("foreign tar files unpack", "[archive]") {
  const std::string long_name = fmt::format("{:d>90}/{:f>200}", "", "");
  for (const int format : {ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FORMAT_TAR_GNUTAR}) {
    TarBuilder tar(format);
    tar.directory("./").directory("./ghc-9.0.2/", 0555);
    tar.file("./ghc-9.0.2/configure", "#!/bin/sh\n", 0755);
    tar.file("ghc-9.0.2//lib/../../x", "");
    const TempDir dir(fs::temp_directory_path());
    CHECK(test::error_id([&] { unpack_text(tar.finish(), dir.path()); }) ==
          "archive::unsafe-entry");
  }
  for (const int format : {ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FORMAT_TAR_GNUTAR}) {
    TarBuilder tar(format);
    tar.directory("./").directory("./ghc/", 0555);
    tar.file("./ghc/configure", "#!/bin/sh\n", 0755);
    tar.hard_link("./ghc/twin", "./ghc/configure");
    tar.file("implied/dir/" + long_name, "long");
    tar.file("n\xc3\xa4me", "utf-8").file("latin-\xe4", "not utf-8");
    tar.symlink("ghc/bin", "../implied/./dir").symlink("ghc/gone", "nowhere/at/all");
    const TempDir dir(fs::temp_directory_path());
    const ArchiveStats stats = unpack_text(packed(tar.finish(), Format::xz), dir.path());
    CHECK(stats.entries == 9);
    CHECK(stats.tree_bytes == 10 + 4 + 5 + 9);
    CHECK(read_file(dir.path() / "ghc" / "twin") == "#!/bin/sh\n");
    CHECK(fs::hard_link_count(dir.path() / "ghc" / "twin") == 2);
    CHECK(read_file(dir.path() / "ghc" / "bin" / long_name) == "long");
    CHECK(read_file(dir.path() / "n\xc3\xa4me") == "utf-8");
    CHECK(read_file(dir.path() / "latin-\xe4") == "not utf-8");
    struct stat info {};
    REQUIRE(::stat((dir.path() / "ghc").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 0555U);
    CHECK(info.st_mtim.tv_sec == 1'000'000'000);
    REQUIRE(::stat((dir.path() / "implied").c_str(), &info) == 0);
    CHECK((info.st_mode & 0700U) == 0700U);
    CHECK((info.st_mode & 0055U) != 0);  // others may enter it, but for our umask
    CHECK(info.st_uid == ::geteuid());
  }
}

TEST_CASE("a directory's own entry may come after what is in it", "[archive]") {
  TarBuilder tar;
  tar.file("a/b/file", "x").directory("a/b", 0500).directory("a", 0500);
  const TempDir dir(fs::temp_directory_path());
  unpack_text(tar.finish(), dir.path());
  CHECK((fs::status(dir.path() / "a" / "b").permissions() & fs::perms::mask) ==
        (fs::perms::owner_read | fs::perms::owner_exec));
}

TEST_CASE("names that lead out are refused", "[archive]") {
  check_refused(TarBuilder().file("/tmp/evil", "x"), "/tmp/evil");
  check_refused(TarBuilder().file("../evil", "x"), "../evil");
  check_refused(TarBuilder().file("a/../../evil", "x"), "a/../../evil");
  check_refused(TarBuilder().file("a/../b", "x"), "a/../b");
  check_refused(TarBuilder().directory("../evil"), "../evil");
  check_refused(TarBuilder().symlink("../evil", "x"), "../evil");
  check_refused(TarBuilder().file("a", "x").hard_link("../evil", "a"), "../evil");
}

TEST_CASE("symbolic links that lead out are refused", "[archive]") {
  for (const char* target : {"/etc/passwd", "/", "..", "../..", "a/../..", "../../tree/a",
                             "/app/ghc-other/x", "/app/ghc/../../etc", "/app"}) {
    INFO(target);
    check_refused(TarBuilder().symlink("link", target), "link");
  }
  check_refused(TarBuilder().directory("a").symlink("a/link", "../../x"), "a/link");
  // Each is innocent as written: x/up leads to the top, from where `..` is outside.
  check_refused(TarBuilder().symlink("x/y/up", "../..").symlink("evil", "x/y/up/../etc"), "evil");
  check_refused(TarBuilder().symlink("evil", "x/y/up/../etc").symlink("x/y/up", "../.."), "evil");
  check_refused(TarBuilder().symlink("d", "/app/ghc").symlink("evil", "d/../etc"), "evil");
}

TEST_CASE("links that stay inside are kept as they are", "[archive]") {
  TarBuilder tar;
  tar.file("lib/x", "content");
  const std::vector<std::pair<std::string, std::string>> links{{"absolute", "/app/ghc/lib/x"},
                                                               {"top", "/app/ghc"},
                                                               {"bin/up", "../lib/../lib/x"},
                                                               {"bin/dot", "."},
                                                               {"bin/root", ".."},
                                                               {"loop", "loop2"},
                                                               {"loop2", "loop"},
                                                               {"dangling", "a/b"},
                                                               {"deep", "bin/root/lib/x"}};
  for (const auto& [name, target] : links) tar.symlink(name, target);
  const TempDir dir(fs::temp_directory_path());
  unpack_text(tar.finish(), dir.path());
  for (const auto& [name, target] : links) {
    INFO(name);
    CHECK(fs::read_symlink(dir.path() / name) == target);
  }
  CHECK(read_file(dir.path() / "deep") == "content");
}

TEST_CASE("nothing is written through a link", "[archive]") {
  const TempDir elsewhere(fs::temp_directory_path());
  check_refused(TarBuilder().directory("d").symlink("link", "d").file("link/evil", "x"),
                "link/evil");
  check_refused(TarBuilder().symlink("link", elsewhere.path()).file("link/evil", "x"), "link");
  check_refused(TarBuilder().symlink("link", "d").file("link", "x"), "link");
  check_refused(TarBuilder().symlink("link", "d").directory("link"), "link");
  check_refused(TarBuilder().file("file", "x").file("file/evil", "x"), "file/evil");
  // A link that stood there before is no better.
  const TempDir dir(fs::temp_directory_path());
  fs::create_directory_symlink(elsewhere.path(), dir.path() / "link");
  fs::create_symlink(elsewhere.path() / "file", dir.path() / "file");
  CHECK(test::error_id([&] {
          unpack_text(TarBuilder().file("link/evil", "x").finish(), dir.path());
        }) == "archive::unsafe-entry");
  CHECK_FALSE(test::error_id([&] {
                unpack_text(TarBuilder().file("file", "x").finish(), dir.path());
              }).empty());
  CHECK(walk(elsewhere.path()).empty());
}

TEST_CASE("hard links lead to earlier files of the archive only", "[archive]") {
  check_refused(TarBuilder().hard_link("link", "/etc/passwd"), "/etc/passwd");
  check_refused(TarBuilder().hard_link("link", "../../evil"), "../../evil");
  check_refused(TarBuilder().hard_link("link", "later").file("later", "x"), "link");
  check_refused(TarBuilder().symlink("s", "x").hard_link("link", "s"), "link");
  check_refused(TarBuilder().directory("d").hard_link("link", "d"), "link");
}

TEST_CASE("each name once", "[archive]") {
  check_refused(TarBuilder().file("a", "1").file("a", "2"), "a");
  check_refused(TarBuilder().file("a", "1").file("./a", "2"), "a");
  check_refused(TarBuilder().file("d/a", "1").symlink("d", "x"), "d");
  check_refused(TarBuilder().file("a", "1").file("b", "2").hard_link("b", "a"), "b");
  check_refused(TarBuilder().directory("d").directory("d"), "d");
}

TEST_CASE("set-id bits, devices and pipes are refused", "[archive]") {
  check_refused(TarBuilder().file("su", "x", 04755), "su");
  check_refused(TarBuilder().file("sg", "x", 02755), "sg");
  check_refused(TarBuilder().directory("d", 02755), "d");
  check_refused(TarBuilder().special("null", AE_IFCHR), "null");
  check_refused(TarBuilder().special("disk", AE_IFBLK), "disk");
  check_refused(TarBuilder().special("pipe", AE_IFIFO), "pipe");
}

TEST_CASE("an archive may not be larger than allowed", "[archive]") {
  UnpackOptions options;
  options.max_entries = 2;
  options.max_bytes = 10;
  const auto id = [&options](TarBuilder& tar) {
    const TempDir dir(fs::temp_directory_path());
    return test::error_id([&] { unpack_text(tar.finish(), dir.path(), options); });
  };
  CHECK(id(TarBuilder().file("a", "12345").file("b", "12345")).empty());
  CHECK(id(TarBuilder().file("a", "12345").file("b", "123456")) == "archive::unsafe-entry");
  CHECK(id(TarBuilder().file("a", "12345678901")) == "archive::unsafe-entry");
  CHECK(id(TarBuilder().file("a", "").file("b", "").file("c", "")) == "archive::unsafe-entry");
}

TEST_CASE("of an archive the first entries can be unpacked alone", "[archive]") {
  TarBuilder tar;
  tar.file("tag", "me").directory("bin").file("bin/ghc", "22").file("bins", "3").file("bin/x", "4");
  const std::string whole = tar.finish();
  UnpackOptions options;
  options.first = {"tag", "bin"};
  for (const Format format : {Format::gzip, Format::xz, Format::zstd}) {
    const TempDir dir(fs::temp_directory_path());
    const std::string bytes = packed(whole, format);
    CountingSource source(bytes);
    CHECK(unpack(source, dir.path(), home, options).tree_bytes == 4);
    CHECK(walk(dir.path()) == Paths{"bin", "bin/ghc", "tag"});
    CHECK(source.bytes == bytes.size());  // for its digest
  }
  // What follows is not decoded.
  const TempDir dir(fs::temp_directory_path());
  CHECK(unpack_text(whole.substr(0, whole.rfind("bins") + 512) + "no tar", dir.path(), options)
            .entries == 3);
  CHECK(test::error_id([&] { unpack_text(whole.substr(0, 1100), dir.path(), options); }) ==
        "archive::truncated");
}

TEST_CASE("cut and damaged archives are told", "[archive]") {
  const std::string tar = TarBuilder().file("a", std::string(50'000, 'x')).file("b", "y").finish();
  const auto id = [](const std::string& bytes) {
    const TempDir dir(fs::temp_directory_path());
    return test::error_id([&] { unpack_text(bytes, dir.path()); });
  };
  CHECK(id(tar).empty());
  CHECK(id(tar.substr(0, 20'000)) == "archive::truncated");
  CHECK(id("") == "archive::truncated");
  std::string bad = tar;
  bad[tar.rfind("ustar") - 200] ^= 1;  // in the last header: its checksum is wrong
  CHECK(id(bad) == "archive::corrupt");
  for (const Format format : {Format::gzip, Format::xz, Format::zstd}) {
    const std::string whole = packed(tar, format);
    CHECK(id(whole).empty());
    CHECK(id(whole.substr(0, whole.size() / 2)) == "archive::truncated");
    CHECK(id(whole.substr(0, whole.size() - 2)) == "archive::truncated");
    CHECK(id(whole + "garbage after the end") == "archive::corrupt");
  }
}

TEST_CASE("the whole input is read, for the digest below", "[archive]") {
  const std::string tar = TarBuilder().file("a", "x").finish() + std::string(600'000, '\0');
  for (const std::string& bytes : {tar, packed(tar), packed(tar, Format::xz)}) {
    CountingSource source(bytes);
    const TempDir dir(fs::temp_directory_path());
    unpack(source, dir.path(), home);
    CHECK(source.bytes == bytes.size());
  }
}

TEST_CASE("an Error of the source passes through", "[archive]") {
  class Failing : public Source {
   public:
    explicit Failing(std::string_view text) : text_(text) {}
    std::size_t read(std::span<std::byte> buffer) override {
      const std::size_t count = text_.read(buffer);
      if (count == 0) throw Error("net::gone", "The connection broke");
      return count;
    }

   private:
    StringSource text_;
  };
  const std::string tar = packed(TarBuilder().file("a", std::string(1U << 20U, 'x')).finish());
  Failing source(std::string_view(tar).substr(0, 500));
  const TempDir dir(fs::temp_directory_path());
  CHECK(test::error_id([&] { unpack(source, dir.path(), home); }) == "net::gone");
}
