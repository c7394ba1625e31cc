#include <catch2/catch.hpp>

#include "base/platform.h"
#include "base/text.h"
#include "deploy/commands.h"

using namespace halcyon;

namespace {

/// What a shell has after it has sourced the script `times` times: "NAME=value" lines.
std::string sourced(const std::string& shell, int times, const Environment& before) {
  Command command;
  std::string program = "set -eu\n";
  for (int i = 0; i < times; ++i) program += paths_script("/opt/it's here");
  command.argv = {shell, "-c", program + "env | grep -v '^_=' | sort\n"};
  command.env = before;
  command.output = Output::capture;
  const Outcome outcome = run(command);
  CHECK(outcome.errors.empty());
  REQUIRE(outcome.ok());
  return outcome.out;
}

std::vector<std::string> directories(const std::string& environment, const std::string& name) {
  for (const std::string& line : lines(environment)) {
    if (line.starts_with(name + "=")) return split(line.substr(name.size() + 1), ':');
  }
  return {};
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

TEST_CASE("paths names the directories of app and sandbox, those of Debian's multiarch too",
          "[deploy]") {
  const std::string triplet = multiarch_triplet();
  CHECK(triplet.ends_with("-linux-gnu"));
  const std::string shell = GENERATE("dash", "bash", "sh");
  const std::string found = sourced(shell, 1, {{"PATH", "/usr/bin:/bin"}, {"CPATH", "/mine"}});
  const auto path = directories(found, "PATH");
  for (const char* dir :
       {"/opt/it's here/bin", "/app/bin", "/app/usr/bin", "/app/.halcyon/ghc/bin",
        "/app/.halcyon/cabal/bin", "/app/.halcyon/sandbox/bin", "/app/.halcyon/sandbox/usr/bin"}) {
    CHECK(contains(path, dir));
  }
  CHECK(std::vector(path.end() - 2, path.end()) == std::vector<std::string>{"/usr/bin", "/bin"});
  for (const std::string top : {"/app/usr", "/app/.halcyon/sandbox/usr"}) {
    const std::string processor = "/lib/" + triplet;
    CHECK(contains(directories(found, "CPATH"), top + "/include"));
    CHECK(contains(directories(found, "CPATH"), top + "/include/" + triplet));
    for (const char* name : {"LIBRARY_PATH", "LD_LIBRARY_PATH"}) {
      CHECK(contains(directories(found, name), top + "/lib"));
      CHECK(contains(directories(found, name), top + processor));
    }
    for (const std::string& dir : {processor, std::string("/lib"), std::string("/share")}) {
      CHECK(contains(directories(found, "PKG_CONFIG_PATH"), top + dir + "/pkgconfig"));
    }
  }
  CHECK(directories(found, "CPATH").back() == "/mine");
  CHECK(contains(directories(found, "LIBRARY_PATH"), "/app/.halcyon/ghc/lib-links"));
  CHECK(directories(found, "LANG") == std::vector<std::string>{"C.UTF-8"});
  // An empty entry would be the current directory.
  for (const char* name : {"PATH", "CPATH", "LIBRARY_PATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH"}) {
    CHECK_FALSE(contains(directories(found, name), ""));
  }
}

TEST_CASE("paths sourced again changes nothing", "[deploy]") {
  const std::string shell = GENERATE("dash", "bash", "sh");
  const Environment before = GENERATE(
      Environment{{"PATH", "/usr/bin:/bin"}},
      Environment{{"PATH", "/usr/bin:/bin"}, {"LANG", "en_US.UTF-8"}, {"HALCYON_APP_DIR", "/a *b"}},
      Environment{{"PATH", "/usr/bin:/bin"}, {"LD_LIBRARY_PATH", ""}, {"CPATH", "/x:/y"}});
  CHECK(sourced(shell, 1, before) == sourced(shell, 3, before));
}
