#include "haskell/build_plan.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"

using namespace halcyon;

TEST_CASE("the local executables and test suites of a plan", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "plan.json";
  write_file(file, R"({"install-plan": [
    {"type": "pre-existing", "id": "base-4.15.1.0"},
    {"style": "global", "component-name": "exe:alex", "bin-file": "/store/alex"},
    {"style": "local", "component-name": "lib"},
    {"style": "local", "component-name": "test:t", "bin-file": "/dist/t"},
    {"style": "local", "component-name": "exe:web", "bin-file": "/dist/web"},
    {"style": "local", "components": {"exe:custom": {"bin-file": "/dist/custom"}, "lib": {},
      "test:u": {"bin-file": "/dist/u"}}}]})");
  CHECK(BuildPlan::read(file).local_tests() == std::vector<std::string>{"t", "u"});
  CHECK(BuildPlan::read(file).local_executables() ==
        std::vector<fs::path>{"/dist/web", "/dist/custom"});
}

TEST_CASE("the units that the app's programs are linked with", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "plan.json";
  write_file(file, R"({"install-plan": [
    {"type": "pre-existing", "id": "base", "depends": ["ghc-prim"]},
    {"id": "direct", "style": "global", "component-name": "lib", "depends": ["base", "indirect"]},
    {"id": "indirect", "style": "global", "depends": [], "exe-depends": ["tool"],
     "components": {"lib": {"depends": ["deep"]}, "setup": {"depends": ["setup-lib"]}}},
    {"id": "deep", "style": "global", "depends": ["base"]},
    {"id": "setup-lib", "style": "global", "depends": ["base"]},
    {"id": "tool", "style": "global", "component-name": "exe:tool", "depends": ["tool-lib"]},
    {"id": "tool-lib", "style": "global", "depends": []},
    {"id": "for-tests", "style": "global", "depends": []},
    {"id": "own-lib", "style": "local", "component-name": "lib", "depends": ["direct"]},
    {"id": "own-test", "style": "local", "component-name": "test:t", "depends": ["for-tests"]},
    {"id": "own-exe", "style": "local", "component-name": "exe:web", "bin-file": "/dist/web",
     "depends": ["own-lib", "base"], "exe-depends": ["tool"]},
    {"id": "whole", "style": "local", "depends": ["own-exe"],
     "components": {"exe:b": {"bin-file": "/b", "depends": ["for-b"]}}},
    {"id": "for-b", "style": "global", "depends": ["for-b", 1]}]})");
  CHECK(BuildPlan::read(file).linked_units() ==
        std::vector<std::string>{"deep", "direct", "for-b", "indirect"});
}

TEST_CASE("a plan that is none", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "plan.json";
  for (const char* text : {"", "{", "[]", "{}", R"({"install-plan": 1})"}) {
    write_file(file, text);
    CHECK_THROWS_AS(BuildPlan::read(file), Error);
  }
}
