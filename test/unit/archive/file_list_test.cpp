#include "archive/file_list.h"

#include <catch2/catch.hpp>

#include "archive/archive.h"
#include "base/error_id.h"

using namespace halcyon;

namespace {

const std::string digest(64, 'a');

std::string parse_error(const std::string& lines) {
  return test::error_id([&] { parse_files("halcyon-files: 1\n" + lines, "test"); });
}

/// A tree with one of everything.
void make_tree(const fs::path& dir) {
  write_file(dir / "tag", "the tag\n");
  write_file(dir / "bin" / "program", "program", 0755);
  write_file(dir / "n\xc3\xa4me \n\\x'\"", "odd");
  write_file(dir / "latin-\xe4", "not utf-8");
  fs::create_hard_link(dir / "bin" / "program", dir / "twin");
  fs::create_symlink("bin/pro gram", dir / "link");
  fs::create_directory(dir / "empty");
  fs::permissions(dir / "empty", fs::perms(0500));
}

}  // namespace

TEST_CASE("a tree's list reads back, whatever its names are", "[archive]") {
  const TempDir dir(fs::temp_directory_path());
  make_tree(dir.path());
  const FileList files = list_files(dir.path());
  CHECK(files.size() == walk(dir.path()).size());
  CHECK(files.at("twin") == files.at("bin/program"));
  CHECK(files.at("bin/program").mode == 0755);
  CHECK(files.at("empty").mode == 0500);
  CHECK(files.at("link").target == "bin/pro gram");
  CHECK(parse_files(format_files(files), "test") == files);
  CHECK(list_files(dir.path(), [](const fs::path& path) { return path == "bin"; }).size() ==
        files.size() - 2);
}

TEST_CASE("an archive ends with the list of its entries", "[archive]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path tree = dir.path() / "tree";
  make_tree(tree);
  write_file(tree / "files", "an old list");
  write_file(tree / "left-out", "x");
  StringSink out;
  std::string listed;
  PackOptions options{{"tag"}, "files", [](const fs::path& path) { return path == "left-out"; }};
  const ArchiveStats stats = pack(tree, out, Format::gzip, 1, options, &listed);
  StringSource source(out.text);
  const fs::path copy = dir.path() / "copy";
  UnpackOptions bounds;
  bounds.max_bytes = stats.tree_bytes;  // the list counts
  const ArchiveStats unpacked = unpack(source, copy, copy, bounds);
  CHECK(unpacked.tree_bytes == stats.tree_bytes);
  CHECK(unpacked.entries == stats.entries);
  CHECK(read_file(copy / "files") == listed);
  const auto is_list = [](const fs::path& path) { return path == "files"; };
  CHECK(parse_files(listed, "test") == list_files(copy, is_list));
  StringSink again;
  pack(tree, again, Format::gzip, 1, options);
  CHECK(again.text == out.text);
}

TEST_CASE("malformed lists are refused", "[archive]") {
  const std::string file = "f 644 1 " + digest + " ";
  CHECK(parse_error("d 755 a\n" + file + "a/b\nl a/c ../d\n").empty());
  for (const std::string& lines : {std::string("x 644 a\n"),
                                   std::string("\n"),
                                   std::string("d 755\n"),
                                   std::string("d 1755 a\n"),
                                   std::string("d 9 a\n"),
                                   std::string("d  a\n"),
                                   std::string("d 755 \n"),
                                   std::string("d 755 a b\n"),
                                   std::string("l a \n"),
                                   std::string("f 644 1 abc a\n"),
                                   "f 644 -1 " + digest + " a\n",
                                   file + "/etc/passwd\n",
                                   file + "a/../b\n",
                                   file + "./a\n",
                                   file + "a//b\n",
                                   file + "a/\n",
                                   file + "..\n",
                                   file + "b\n" + file + "a\n",
                                   file + "a\n" + file + "a\n",
                                   file + "a\\\n",
                                   file + "a\\x2\n",
                                   file + "a\\x41\n",
                                   file + "a\\x00\n",
                                   file + "a\\x0A\n",
                                   file + "a\tb\n"}) {
    INFO(lines);
    CHECK(parse_error(lines) == "files::malformed");
  }
  CHECK(test::error_id([] { parse_files("", "test"); }) == "files::malformed");
  CHECK(test::error_id([] { parse_files("halcyon-files: 2\n", "test"); }) == "files::malformed");
}

TEST_CASE("each kind of difference is told", "[archive]") {
  using Type = FileEntry::Type;
  const FileEntry file{Type::file, 0644, 1, digest, {}};
  const FileList expected{{"a", file}};
  const auto told = [&](const FileEntry& actual) {
    const auto found = differences(expected, {{"a", actual}});
    return found.empty() ? "" : found.front();
  };
  CHECK(told(file).empty());
  CHECK(told({Type::directory, 0755, 0, {}, {}}) == "a: it is a directory, not a file");
  CHECK(told({Type::file, 0600, 1, digest, {}}) == "a: its mode is 600, not 644");
  CHECK(told({Type::file, 0644, 2, digest, {}}) == "a: it has 2 bytes, not 1");
  CHECK(told({Type::file, 0644, 1, std::string(64, 'b'), {}}) == "a: its content is another one");
  CHECK(differences({{"l", {Type::link, 0, 0, {}, "x"}}}, {{"l", {Type::link, 0, 0, {}, "y"}}}) ==
        std::vector<std::string>{"l: it leads to another place"});
  CHECK(differences(expected, {}) == std::vector<std::string>{"a: it is missing"});
  CHECK(differences({}, {{"a b", file}}) ==
        std::vector<std::string>{"a\\x20b: it does not belong there"});
}
