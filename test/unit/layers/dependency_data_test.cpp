#include "layers/dependency_data.h"

#include <catch2/catch.hpp>

#include "base/files.h"

using namespace halcyon;

TEST_CASE("data files of the units that are named, without documentation", "[layers]") {
  TempDir dir(fs::temp_directory_path());
  const fs::path store = dir.path() / "store";
  const fs::path into = dir.path() / "data";
  const fs::path wanted = "ghc-9.0.2/wanted-1/share";
  write_file(store / wanted / "templates" / "a.txt", "a");
  write_file(store / wanted / "doc" / "LICENSE", "licence");
  write_file(store / wanted / "man" / "man1" / "a.1", "manual");
  write_file(store / "ghc-9.0.2/licence-1/share/doc/LICENSE", "licence");
  write_file(store / "ghc-9.0.2/other-1/share/b.txt", "b");
  write_file(store / "ghc-9.0.2/no-data-1/lib/x.a", "x");
  fs::create_directories(store / "ghc-9.0.2/empty-1/share/templates");
  write_file(store / "ghc-9.0.2/package.db/cache", "");
  collect_dependency_data(store, {"wanted-1", "licence-1", "no-data-1", "empty-1", "gone-1"}, into);
  CHECK(walk(into) == std::vector<fs::path>{"ghc-9.0.2", "ghc-9.0.2/wanted-1", wanted,
                                            wanted / "templates", wanted / "templates/a.txt"});
  collect_dependency_data(dir.path() / "no-store", {"wanted-1"}, dir.path() / "nothing");
  CHECK_FALSE(fs::exists(dir.path() / "nothing"));
}

TEST_CASE("data files are installed where programs look for them", "[layers]") {
  TempDir dir(fs::temp_directory_path());
  Workspace workspace;
  workspace.app_dir = dir.path() / "app";
  const fs::path data = dir.path() / "data";
  const fs::path file = "ghc-9.0.2/unit-1/share/a.txt";
  install_dependency_data(workspace, data, dir.path() / "slug");
  CHECK_FALSE(fs::exists(dir.path() / "slug"));
  show_dependency_data(workspace);
  CHECK_FALSE(fs::exists(workspace.root()));
  write_file(data / file, "a");

  SECTION("in another root") {
    install_dependency_data(workspace, data, dir.path() / "slug");
    CHECK(read_file(store_below(dir.path() / "slug", workspace) / file) == "a");
    CHECK_FALSE(fs::exists(workspace.root()));
  }
  SECTION("in ours, beside another sandbox or without any") {
    const fs::path sandbox = workspace.layer_dir("sandbox");
    write_file(sandbox / "store" / "ghc-9.0.2/unit-2/lib/x.a", "x");
    write_file(data / "ghc-9.0.2/unit-2/share/b.txt", "b");
    install_dependency_data(workspace, data, "/");
    show_dependency_data(workspace);
    CHECK(read_file(store_below("/", workspace) / file) == "a");
    CHECK(is_shown_data(sandbox, "store/ghc-9.0.2/unit-1"));
    CHECK_FALSE(is_shown_data(sandbox, "store/ghc-9.0.2/unit-2"));
    CHECK_FALSE(fs::exists(sandbox / "store/ghc-9.0.2/unit-2/share"));
    remove_tree(sandbox);
    show_dependency_data(workspace);
    show_dependency_data(workspace);
    CHECK(read_file(store_below("/", workspace) / file) == "a");
    CHECK(read_file(sandbox / "store/ghc-9.0.2/unit-2/share/b.txt") == "b");
    remove_tree(sandbox);
    CHECK(read_file(kept_dependency_data(workspace) / file) == "a");
  }
}
