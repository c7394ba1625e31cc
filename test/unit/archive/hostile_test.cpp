// Archives that somebody made to do harm. Each is refused with one clear error, or what it does
// stays in the directory that it was to fill: no file outside changes, nothing gets rights, disk
// and memory are bounded.
#include <fmt/format.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>

#include "archive/archive.h"
#include "base/error.h"

using namespace halcyon;

namespace {

constexpr std::size_t block = 512;

/// One header as it stands in the file, right or wrong.
struct Header {
  std::string name;
  char type = '0';
  std::string content = {};
  std::string link = {};
  std::string mode = "0000644";
  std::string size = {};  ///< octal digits in place of the content's size
  std::string prefix = {};
  bool good_checksum = true;
  std::string magic = std::string(
      "ustar\0"
      "00",
      8);
};

std::string padded(std::string text) {
  text.resize((text.size() + block - 1) / block * block);
  return text;
}

std::string raw(const Header& header) {
  std::string bytes(block, '\0');
  const auto put = [&bytes](std::size_t at, std::size_t most, const std::string& text) {
    bytes.replace(at, std::min(most, text.size()), text, 0, most);
  };
  put(0, 100, header.name);
  put(100, 8, header.mode);
  put(108, 8, "0000000");
  put(116, 8, "0000000");
  put(124, 12, header.size.empty() ? fmt::format("{:011o}", header.content.size()) : header.size);
  put(136, 12, "07346545000");
  put(148, 8, "        ");
  bytes[156] = header.type;
  put(157, 100, header.link);
  put(257, 8, header.magic);
  put(345, 155, header.prefix);
  unsigned sum = header.good_checksum ? 0 : 1;
  for (const char c : bytes) sum += static_cast<unsigned char>(c);
  put(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return bytes + padded(header.content);
}

std::string end() { return std::string(2 * block, '\0'); }
std::string file(const std::string& name) { return raw({.name = name, .content = "evil"}); }
std::string dir(const std::string& name) {
  return raw({.name = name, .type = '5', .mode = "0000755"});
}
std::string symlink(const std::string& name, const std::string& to) {
  return raw({.name = name, .type = '2', .link = to});
}
std::string hard_link(const std::string& name, const std::string& to) {
  return raw({.name = name, .type = '1', .link = to});
}
/// A record of an extended header: its length counts itself.
std::string record(const std::string& key, const std::string& value) {
  std::size_t length = key.size() + value.size() + 3;
  while (std::to_string(length).size() + key.size() + value.size() + 3 != length) {
    length = std::to_string(length).size() + key.size() + value.size() + 3;
  }
  return fmt::format("{} {}={}\n", length, key, value);
}
std::string pax(const std::string& records, char type = 'x') {
  return raw({.name = "pax", .type = type, .content = records});
}
std::string gnu_long(char type, const std::string& text) {
  return raw({.name = "././@LongLink", .type = type, .content = text + '\0'});
}
std::string compressed(Format format, const std::string& tar) {
  StringSink out;
  const auto encoder = make_encoder(format, out, 2);
  encoder->write(std::as_bytes(std::span(tar)));
  encoder->finish();
  return out.text;
}
std::string zeros_file(std::size_t size) {
  return raw({.name = "zeros", .content = std::string(size, '\0')});
}
std::string repeat(std::size_t count, const std::function<std::string(std::size_t)>& make) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += make(i);
  return text;
}

constexpr std::uint64_t most_bytes = 1U << 20U;
constexpr std::uint64_t most_entries = 1000;

/// Unpacks below a directory that has a neighbour, and looks at both. The error's id; empty for
/// none.
std::string outcome(const std::string& archive) {
  const TempDir outer(fs::temp_directory_path());
  const fs::path tree = outer.path() / "below" / "tree";
  write_file(outer.path() / "victim", "untouched");
  fs::create_directories(outer.path() / "below");
  std::string id;
  try {
    UnpackOptions options;
    options.max_bytes = most_bytes;
    options.max_entries = most_entries;
    StringSource source(archive);
    unpack(source, tree, "/app/ghc", options);
  } catch (const Error& error) {
    id = error.id();
    CHECK_FALSE(std::string(error.what()).empty());
  }
  CHECK(read_file(outer.path() / "victim") == "untouched");
  CHECK(fs::hard_link_count(outer.path() / "victim") == 1);
  std::uint64_t disk = 0;
  std::uint64_t entries = 0;
  const auto is_tree = [](const fs::path& path) { return path == "below/tree"; };
  CHECK(walk(outer.path(), is_tree) == std::vector<fs::path>{"below", "victim"});
  if (!fs::exists(tree)) return id;
  for (const fs::path& path : walk(tree)) {
    struct stat info {};
    REQUIRE(::lstat((tree / path).c_str(), &info) == 0);
    INFO(path.string());
    CHECK((S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || S_ISLNK(info.st_mode)));
    CHECK((info.st_mode & (S_ISUID | S_ISGID | S_ISVTX)) == 0);
    if (S_ISREG(info.st_mode)) disk += static_cast<std::uint64_t>(info.st_blocks) * 512;
    ++entries;
  }
  CHECK(entries <= 2 * most_entries);
  constexpr std::uint64_t cluster = 4096;
  CHECK(disk <= most_bytes + entries * cluster);
  return id;
}

struct Case {
  std::string what;
  std::string archive;
  std::string id;  ///< of the error; empty when the archive is contained
};

const std::string unsafe = "archive::unsafe-entry";
const std::string corrupt = "archive::corrupt";
const std::string truncated = "archive::truncated";

std::vector<Case> cases() {
  const std::string deep = repeat(600, [](std::size_t) { return std::string("d/"); });
  return {
      // Names that lead out
      {"parent", file("../victim") + end(), unsafe},
      {"parent of a directory", file("a/../../victim") + end(), unsafe},
      {"parent in the middle", file("a/../b") + end(), unsafe},
      {"parent after dots", file("./.././victim") + end(), unsafe},
      {"parent at the end", file("a/..") + end(), unsafe},
      {"parent alone", dir("..") + end(), unsafe},
      {"parent directory", dir("../new/") + end(), unsafe},
      {"absolute", file("/tmp/halcyon-evil") + end(), unsafe},
      {"absolute, two slashes", file("//tmp/halcyon-evil") + end(), unsafe},
      {"absolute home", file("/app/ghc/x") + end(), unsafe},
      {"the root", dir("/") + end(), unsafe},
      {"parent in the prefix field",
       raw({.name = "victim", .content = "x", .prefix = "../.."}) + end(), unsafe},
      {"absolute prefix field", raw({.name = "evil", .content = "x", .prefix = "/tmp"}) + end(),
       unsafe},
      {"parent in a pax name", pax(record("path", "../victim")) + file("innocent") + end(), unsafe},
      {"absolute pax name", pax(record("path", "/tmp/halcyon-evil")) + file("innocent") + end(),
       unsafe},
      {"parent in a global pax name",
       pax(record("path", "../victim"), 'g') + file("innocent") + end(), ""},
      {"parent in a GNU long name", gnu_long('L', "../victim") + file("innocent") + end(), unsafe},
      {"no name", file("") + end(), unsafe},
      {"a file called .", file(".") + end(), unsafe},
      {"a file called ./", raw({.name = "./", .content = "x"}) + end(), corrupt},
      // Symbolic links
      {"link to a file outside", symlink("link", "../../victim") + end(), unsafe},
      {"link to the parent", symlink("link", "..") + end(), unsafe},
      {"absolute link", symlink("link", "/etc/passwd") + end(), unsafe},
      {"absolute link to the root", symlink("link", "/") + end(), unsafe},
      {"link to a neighbour of home", symlink("link", "/app/ghc-evil/x") + end(), unsafe},
      {"link to home's parent", symlink("link", "/app/ghc/../x") + end(), unsafe},
      {"link to nothing", symlink("link", "") + end(), unsafe},
      {"file through a link", symlink("d", "e") + dir("e") + file("d/x") + end(), unsafe},
      {"file through a link out", symlink("d", "../..") + file("d/victim") + end(), unsafe},
      {"directory over a link", symlink("d", "../..") + dir("d") + file("d/victim") + end(),
       unsafe},
      {"link over a directory", dir("d") + symlink("d", "../..") + file("d/victim") + end(),
       unsafe},
      {"file over a link", symlink("x", "../../victim") + file("x") + end(), unsafe},
      {"chain of links", symlink("a", "b") + symlink("b", "c/..") + symlink("c", "..") + end(),
       unsafe},
      {"chain, last first",
       symlink("c", "d/e/../..") + symlink("d", ".") + symlink("e", "..") + end(), unsafe},
      {"chain through home", symlink("a", "/app/ghc") + symlink("b", "a/../etc") + end(), unsafe},
      {"link in a pax header",
       pax(record("linkpath", "../../victim")) + symlink("l", "safe") + end(), unsafe},
      {"link in a GNU long link", gnu_long('K', "/etc/passwd") + symlink("l", "safe") + end(),
       unsafe},
      {"loop of links", symlink("a", "b") + symlink("b", "a") + end(), ""},
      {"link to itself", symlink("a", "a") + end(), ""},
      {"link whose target is long",
       gnu_long('K', std::string(5000, 'x')) + symlink("l", "x") + end(), "disk::failed"},
      // Hard links
      {"hard link out", hard_link("x", "../../victim") + end(), unsafe},
      {"absolute hard link", hard_link("x", "/etc/passwd") + end(), unsafe},
      {"hard link to nothing", hard_link("x", "y") + end(), unsafe},
      {"hard link to a later file", hard_link("x", "y") + file("y") + end(), unsafe},
      {"hard link to a link", symlink("l", "m") + hard_link("x", "l") + end(), unsafe},
      {"hard link to a directory", dir("d") + hard_link("x", "d") + end(), unsafe},
      {"hard link through a link", symlink("d", "e") + file("e/f") + hard_link("x", "d/f") + end(),
       unsafe},
      {"hard link to itself", hard_link("x", "x") + end(), unsafe},
      // Each name once
      {"file twice", file("x") + file("x") + end(), unsafe},
      {"file twice, spelt otherwise", file("a/x") + file("./a//x") + end(), unsafe},
      {"directory twice", dir("d") + dir("d") + end(), unsafe},
      {"file over a directory", dir("d") + file("d") + end(), unsafe},
      {"file below a file", file("x") + file("x/y") + end(), unsafe},
      {"file over an implied directory", file("d/x") + file("d") + end(), unsafe},
      // Rights and kinds
      {"set-uid", raw({.name = "x", .content = "x", .mode = "0004755"}) + end(), unsafe},
      {"set-gid", raw({.name = "x", .content = "x", .mode = "0002755"}) + end(), unsafe},
      {"set-gid directory", raw({.name = "d", .type = '5', .mode = "0002755"}) + end(), unsafe},
      {"sticky directory", raw({.name = "d", .type = '5', .mode = "0001777"}) + end(), ""},
      {"character device", raw({.name = "null", .type = '3'}) + end(), unsafe},
      {"block device", raw({.name = "sda", .type = '4'}) + end(), unsafe},
      {"pipe", raw({.name = "pipe", .type = '6'}) + end(), unsafe},
      {"nobody may read it", raw({.name = "x", .content = "x", .mode = "0000000"}) + end(), ""},
      // Names that are odd
      {"not UTF-8", file("\xff\xfe\xe4") + end(), ""},
      {"control characters", file("a\x1b[31m\nb") + end(), ""},
      {"a name of one part that is too long",
       gnu_long('L', std::string(300, 'n')) + file("x") + end(), "disk::failed"},
      {"a path that is too long", gnu_long('L', std::string(70'000, '/') + "x") + file("x") + end(),
       unsafe},
      {"600 directories deep", gnu_long('L', deep + "x") + file("x") + end(), ""},
      {"a name with a zero byte",
       pax(record("path", std::string("a\0../../victim", 14))) + file("x") + end(), ""},
      {"backslashes", file("..\\..\\victim") + end(), ""},
      // Sizes
      {"a file larger than allowed", zeros_file(most_bytes + 1) + end(), unsafe},
      {"many files, too large together",
       repeat(5,
              [](std::size_t i) {
                return raw(
                    {.name = std::to_string(i), .content = std::string(most_bytes / 4, 'x')});
              }) +
           end(),
       unsafe},
      {"zeros, compressed", compressed(Format::gzip, zeros_file(64U << 20U) + end()), unsafe},
      {"zeros, compressed with xz", compressed(Format::xz, zeros_file(64U << 20U) + end()), unsafe},
      {"zeros, compressed with zstd", compressed(Format::zstd, zeros_file(64U << 20U) + end()),
       unsafe},
      {"a size of 8 EiB",
       raw({.name = "x",
            .size = std::string("\xff\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12)}) +
           end(),
       corrupt},
      {"a size of 8 GB, and no content", raw({.name = "x", .size = "77777777777"}) + end(), unsafe},
      {"a pax size of 10 EB", pax(record("size", "9999999999999999999")) + file("x") + end(),
       corrupt},
      {"a sparse file of 1 TB",
       pax(record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") +
           record("GNU.sparse.name", "x") + record("GNU.sparse.realsize", "1099511627776")) +
           raw({.name = "x", .content = padded("0\n")}) + end(),
       unsafe},
      {"a million entries",
       repeat(most_entries + 1, [](std::size_t i) { return file(std::to_string(i)); }) + end(),
       unsafe},
      {"a million directories",
       repeat(most_entries + 1, [](std::size_t i) { return dir(std::to_string(i)); }) + end(),
       unsafe},
      // Damage
      {"cut in a header", file("x").substr(0, 300), corrupt},
      {"cut in the content", raw({.name = "x", .content = std::string(2000, 'x')}).substr(0, 1200),
       truncated},
      {"a wrong checksum", raw({.name = "x", .good_checksum = false}) + end(), corrupt},
      {"noise",
       repeat(4096,
              [](std::size_t i) { return std::string(1, static_cast<char>(i * 7919 % 251)); }),
       "archive::unknown-format"},
      {"a pax header that does not end", pax("999999 path=x\n") + file("y") + end(), ""},
      {"a pax record without a length", pax("path=../../victim\n") + file("y") + end(), ""},
  };
}

}  // namespace

TEST_CASE("hostile archives are refused or contained", "[archive]") {
  const std::vector<Case> all = cases();
  CHECK(all.size() >= 60);
  for (const Case& hostile : all) {
    INFO(hostile.what);
    CHECK(outcome(hostile.archive) == hostile.id);
  }
}
