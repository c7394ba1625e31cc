#include "haskell/project.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"

using namespace halcyon;

TEST_CASE("a directory without project files", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  const Project project = read_project(dir.path());
  CHECK_FALSE(project.has_project_file);
  CHECK(project.with_compiler.empty());
  CHECK(project.settings.empty());
  CHECK_FALSE(project.freeze);
}

TEST_CASE("a plain project has no settings", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "cabal.project",
             "-- comment\npackages: .\n          other/*.cabal\noptional-packages: vendor\r\n"
             "tests: True\nbenchmarks: True\nindex-state: 2024-01-01T00:00:00Z\n"
             "with-compiler: ghc-9.0.2\nconstraints: a ==1,\n  b ==2\n");
  const Project project = read_project(dir.path());
  CHECK(project.has_project_file);
  CHECK(project.settings.empty());
  CHECK(project.with_compiler == "9.0.2");
}

TEST_CASE("settings that can change dependencies are kept", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "cabal.project",
             "packages: .\n\npackage zlib\n  -- why\n  flags: +pkg-config\n\n"
             "source-repository-package\n  type: git   \n  tag: abc\nallow-newer: all\n");
  write_file(dir.path() / "cabal.project.local",
             "Optimization: 2\nprofiling: True\nwith-compiler: /opt/ghc-9.2.8\n");
  const Project project = read_project(dir.path());
  CHECK(project.settings ==
        "package zlib\n  flags: +pkg-config\nsource-repository-package\n  type: git\n  tag: abc\n"
        "allow-newer: all\nprofiling: True\n");
  CHECK(project.with_compiler == "9.2.8");
  CHECK(project.files == std::vector<fs::path>{"cabal.project", "cabal.project.local"});
}

TEST_CASE("compilers that say no version", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  for (const char* compiler :
       {"ghc", "/usr/bin/ghc", "ghcjs-8.6", "ghc-", "ghc-nine", "ghc-9.0.2/bin/ghc", ""}) {
    INFO(compiler);
    write_file(dir.path() / "cabal.project", std::string("with-compiler: ") + compiler + "\n");
    CHECK(read_project(dir.path()).with_compiler.empty());
  }
}

TEST_CASE("compilers that say a version", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  for (const char* compiler : {"ghc-9.0.2", "/opt/bin/ghc-9.0.2", "/opt/ghc/9.0.2/bin/ghc"}) {
    INFO(compiler);
    write_file(dir.path() / "cabal.project", std::string("with-compiler: ") + compiler + "\n");
    CHECK(read_project(dir.path()).with_compiler == "9.0.2");
  }
  write_file(dir.path() / "cabal.project", "with-compiler: ghc-9.0\n");
  CHECK(read_project(dir.path()).with_compiler == "9.0");
}

TEST_CASE("what a project imports from its own files is read", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "cabal.project",
             "import: ci/common.project\nimport: https://example.org/cabal.config\n"
             "packages: web\n");
  write_file(dir.path() / "ci" / "common.project",
             "packages: core\nwith-compiler: ghc-9.0.2\nallow-newer: a:base\n");
  const Project project = read_project(dir.path());
  CHECK(project.packages == "core\nweb\n");
  CHECK(project.with_compiler == "9.0.2");
  CHECK(project.settings == "allow-newer: a:base\nimport: https://example.org/cabal.config\n");
  write_file(dir.path() / "cabal.project", "import: cabal.project\n");
  CHECK_THROWS_AS(read_project(dir.path()), Error);
}

TEST_CASE("which constraints file is used", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "cabal.config", "remote-repo: x:http://x/\n-- constraints: a ==1\n");
  CHECK_FALSE(read_project(dir.path()).freeze);
  write_file(dir.path() / "cabal.config", "Constraints: a ==1\n");
  CHECK(read_project(dir.path()).freeze == dir.path() / "cabal.config");
  write_file(dir.path() / "cabal.project.freeze", "");
  CHECK(read_project(dir.path()).freeze == dir.path() / "cabal.config");
  write_file(dir.path() / "cabal.project.freeze", "constraints: a ==1\n");
  CHECK(read_project(dir.path()).freeze == dir.path() / "cabal.project.freeze");
}

TEST_CASE("a project file too large", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "cabal.project", std::string(5'000'000, '\n'));
  CHECK_THROWS_AS(read_project(dir.path()), Error);
}
