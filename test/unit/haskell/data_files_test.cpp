#include "haskell/data_files.h"

#include <catch2/catch.hpp>

#include "base/files.h"

using namespace halcyon;

TEST_CASE("data-files patterns", "[haskell]") {
  CHECK(matches_data_pattern("data/motd.txt", "data/motd.txt"));
  CHECK(matches_data_pattern("data/motd.txt", "./data/*.txt"));
  CHECK(matches_data_pattern("static/a/b/c.css", "static/**/*.css"));
  CHECK(matches_data_pattern("static/c.css", "static/**/*.css"));
  CHECK_FALSE(matches_data_pattern("data/sub/motd.txt", "data/*.txt"));
  CHECK_FALSE(matches_data_pattern("data/.txt", "data/*.txt"));
  CHECK_FALSE(matches_data_pattern("data/motd.md", "data/*.txt"));
  CHECK_FALSE(matches_data_pattern("data", "data/*"));
}

TEST_CASE("data files are found below their directory", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "data" / "b.txt", "");
  write_file(dir.path() / "data" / "a.txt", "");
  write_file(dir.path() / "LICENSE", "");
  CHECK(expand_data_files(dir.path(), {"data/*.txt", "absent"}) ==
        std::vector<fs::path>{"data/a.txt", "data/b.txt"});
  CHECK(expand_data_files(dir.path() / "absent", {"*"}).empty());
}

TEST_CASE("the data directory is read from the Paths module", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "build" / "x" / "autogen" / "Paths_hello_web.hs",
             "bindir     = \"/app/bin\"\ndatadir    = \"/app/share/hello-web-1.0\"\n");
  CHECK(baked_data_dir(dir.path(), "hello-web") == "/app/share/hello-web-1.0");
  CHECK(baked_data_dir(dir.path(), "other").empty());
}
