#include "haskell/local_packages.h"

#include <catch2/catch.hpp>

#include "base/error_id.h"
#include "base/files.h"

using namespace halcyon;
using halcyon::test::error_id;

namespace {

/// A project directory with packages in it: "dir/name" each, '!' after those with an executable.
class Source {
 public:
  explicit Source(const std::vector<std::string>& packages) : dir_(fs::temp_directory_path()) {
    for (std::string path : packages) {
      const bool program = path.ends_with('!');
      if (program) path.pop_back();
      const std::string name = fs::path(path).filename();
      write_file(dir_.path() / (path + ".cabal"), "name: " + name + "\nversion: 1.0\n" +
                                                      (program ? "executable " + name : "") + "\n");
    }
  }
  const fs::path& path() const { return dir_.path(); }
  void project(const std::string& text) const { write_file(path() / "cabal.project", text); }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Package& one : read_packages(path(), read_project(path()))) {
      names.push_back(one.name);
    }
    return names;
  }

 private:
  TempDir dir_;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the packages of a project, in its order", "[haskell]") {
  const Source source({"top", "web/web!", "core/core", "libs/b/b", "libs/a/a", ".hidden/x"});
  struct Case {
    const char* project;
    Names names;
  };
  for (const Case& c : {
           Case{"packages: .\n", {"top"}},
           Case{"packages: ./*.cabal\n", {"top"}},
           Case{"packages: web core/\n", {"web", "core"}},
           Case{"packages: ./core/core.cabal,\n  ./web\n", {"core", "web"}},
           Case{"packages: */*.cabal\n", {"core", "web"}},
           Case{"packages: */*.cabal\n  web\n", {"core", "web"}},
           Case{"packages: libs/*\n", {"a", "b"}},
           Case{"packages: {web,libs/{b,a}}/\n", {"web", "b", "a"}},
           Case{"packages: l*s/*/*.cabal\noptional-packages: w*/ gone/\n", {"a", "b", "web"}},
           Case{"packages: web\n  https://example.org/x-1.0.tar.gz vendor/y-1.0.tar.gz\n", {"web"}},
           Case{"-- nothing\noptimization: 2\n", {"top"}},
       }) {
    INFO(c.project);
    source.project(c.project);
    CHECK(source.names() == c.names);
  }
}

TEST_CASE("the app is the first package with an executable", "[haskell]") {
  const Source source({"core/core", "web/web!", "worker/worker!"});
  source.project("packages: core worker web\n");
  CHECK(read_app(source.path()).name == "worker");
  source.project("packages: */\n");
  CHECK(read_app(source.path()).label() == "web-1.0");
  CHECK(read_app(source.path()).file == source.path() / "web" / "web.cabal");
  source.project("packages: core\n");
  CHECK(read_app(source.path()).name == "core");
}

TEST_CASE("without a project file the package stands at the top", "[haskell]") {
  const Source source({"hello!", "lib/lib"});
  CHECK(source.names() == Names{"hello"});
}

TEST_CASE("projects that cannot be read", "[haskell]") {
  const Source source({"two/one", "two/two", "web/web!"});
  struct Case {
    const char* project;
    const char* id;
  };
  for (const Case& c : {
           Case{"packages: web gone\n", "project::no-package"},
           Case{"packages: web/gone.cabal\n", "project::no-package"},
           Case{"packages: ./\n", "package::none"},
           Case{"packages: two\n", "package::several"},
           Case{"packages: ../other\n", "project::outside"},
           Case{"packages: /tmp/other\n", "project::outside"},
           Case{"packages: web/../../other\n", "project::outside"},
       }) {
    INFO(c.project);
    source.project(c.project);
    CHECK(error_id([&] { source.names(); }) == c.id);
  }
  source.project("packages: two/two.cabal\n");
  CHECK(source.names() == Names{"two"});
}

TEST_CASE("patterns that would take for ever", "[haskell]") {
  const Source source({"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x"});
  std::string stars;
  std::string braces;
  for (int i = 0; i < 30; ++i) {
    stars += "*a";
    braces += "{a,b}";
  }
  source.project("packages: " + stars + "b\n");
  CHECK(error_id([&] { source.names(); }) == "project::no-package");
  source.project("packages: " + braces + "\n");
  CHECK(error_id([&] { source.names(); }) == "project::no-package");
}
