#include "layers/app.h"

#include <catch2/catch.hpp>

#include "base/files.h"

using namespace halcyon;

TEST_CASE("synchronising touches only what differs", "[layers]") {
  TempDir dir(fs::temp_directory_path());
  const fs::path source = dir.path() / "source";
  const fs::path copy = dir.path() / "copy";
  write_file(source / "same.hs", "same");
  write_file(source / "src" / "changed.hs", "old");
  write_file(source / "gone.hs", "gone");
  write_file(source / "kind", "file");
  copy_tree(source, copy, is_not_copied);
  const auto old_time = fs::file_time_type::clock::now() - std::chrono::hours(24);
  fs::last_write_time(copy / "same.hs", old_time);
  fs::last_write_time(copy / "src" / "changed.hs", old_time);
  write_file(copy / "cabal.project.freeze", "ours");
  fs::last_write_time(source / "same.hs", fs::file_time_type::clock::now());

  write_file(source / "src" / "changed.hs", "new");
  write_file(source / "added.hs", "added");
  write_file(source / ".git" / "HEAD", "not source");
  fs::remove(source / "gone.hs");
  fs::remove(source / "kind");
  fs::create_directories(source / "kind");
  const std::vector<std::string> differences = synchronise(source, copy);
  CHECK(differences == std::vector<std::string>{"- gone.hs", "+ added.hs", "* src/changed.hs"});
  CHECK(fs::last_write_time(copy / "same.hs") == old_time);
  CHECK(fs::last_write_time(copy / "src" / "changed.hs") > old_time);
  CHECK(read_file(copy / "src" / "changed.hs") == "new");
  CHECK(fs::is_directory(copy / "kind"));
  CHECK(read_file(copy / "cabal.project.freeze") == "ours");
  CHECK_FALSE(fs::exists(copy / ".git"));
  CHECK(synchronise(source, copy).empty());
}

TEST_CASE("an app's own constraints are copied without the repositories they name", "[layers]") {
  TempDir dir(fs::temp_directory_path());
  AppSource source;
  source.dir = dir.path() / "source";
  const fs::path file = dir.path() / "copy" / "cabal.project.freeze";
  const std::string constraints =
      "constraints: any.Diff ==0.4.1,\n             any.base ==4.15.1.0\n";
  write_file(source.dir / "cabal.project.freeze",
             "active-repositories: hackage.haskell.org:merge,\n  head.hackage\n" + constraints);
  source.constraints = Constraints::parse(constraints, "test");
  source.has_own_constraints = true;
  write_constraints(source, dir.path() / "copy");
  CHECK(read_file(file) == constraints);
  source.has_own_constraints = false;
  write_constraints(source, dir.path() / "copy");
  CHECK(read_file(file) == source.constraints.format());
}

TEST_CASE("texts of project files stand in place of the app's own", "[layers]") {
  TempDir dir(fs::temp_directory_path());
  AppSource source;
  source.dir = dir.path() / "source";
  const fs::path copy = dir.path() / "copy";
  write_file(source.dir / "cabal.project", "packages: .\nsource-repository-package\n  type: git\n");
  write_file(source.dir / "cabal.project.local", "allow-newer: all\n");
  copy_tree(source.dir, copy, is_not_copied);
  source.project_files["cabal.project"] = "packages: .\n";
  source.extra_packages = dir.path() / "sources";
  write_file(source.extra_packages / "a-1.tar.gz", "");
  write_constraints(source, copy);
  CHECK(read_file(copy / "cabal.project") == "packages: .\n");
  const std::string extra =
      "\npackages:\n  " + (source.extra_packages / "a-1.tar.gz").string() + "\n";
  CHECK(read_file(copy / "cabal.project.local") == "allow-newer: all\n" + extra);
  source.project_files["cabal.project.local"] = "";
  write_constraints(source, copy);
  CHECK(read_file(copy / "cabal.project.local") == extra);
}

TEST_CASE("what is no source", "[layers]") {
  for (const char* path : {".git", "sub/.git", "dist-newstyle", "dist", ".halcyon", ".stack-work",
                           ".ghc.environment.x86_64-linux-9.0.2"}) {
    CHECK(is_not_source(path));
  }
  for (const char* path :
       {"src", "src/dist", "sub/.halcyon", "cabal.project", ".ghci", "dist.txt"}) {
    CHECK_FALSE(is_not_source(path));
  }
}
