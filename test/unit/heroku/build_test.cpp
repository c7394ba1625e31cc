#include "heroku/build.h"

#include <catch2/catch.hpp>

#include "base/files.h"
#include "base/log.h"

using namespace halcyon;

namespace {

std::string report_of(const fs::path& dir) { return read_file(report_file(dir)); }

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a report is flat YAML, and there at any moment", "[heroku]") {
  const TempDir dir(fs::temp_directory_path());
  BuildReport report(report_file(dir.path()));
  CHECK(has(report_of(dir.path()), "result: \"unfinished\"\n"));
  report.text("app", "a \"quoted\"\nname\\ \x1b[2J");
  CHECK(has(report_of(dir.path()), "app: \"a \\\"quoted\\\" name\\\\  [2J\"\n"));
  report.layer({"ghc", Means::stored, {}});
  CHECK(has(report_of(dir.path()), "step: \"layer ghc\"\n"));
  report.layer({"ghc", Means::stored, std::chrono::milliseconds(12345)});
  CHECK(has(report_of(dir.path()), "ghc_layer: \"restored from storage\"\nghc_seconds: 12.3\n"));
  report.text("long", std::string(500, 'x'));
  CHECK(has(report_of(dir.path()), "long: \"" + std::string(200, 'x') + "…\"\n"));
  report.finish("deployed");
  CHECK(has(report_of(dir.path()), "result: \"deployed\"\ntotal_seconds: "));
  CHECK_FALSE(has(report_of(dir.path()), "step:"));
}

TEST_CASE("the report of a build that fails names the step and the error, and no secret",
          "[heroku]") {
  const TempDir dir(fs::temp_directory_path());
  std::string output;
  log::capture(&output);
  log::add_secret("sEcReT-report");
  const HookCall call{dir.path() / "build", dir.path(), "", {{"STACK", "heroku-24"}}};
  CHECK_THROWS_AS(reported(call,
                           [](BuildReport& report) -> Exit {
                             report.step("source");
                             throw Error("test::broken", "It is broken: sEcReT-report");
                           }),
                  Error);
  log::capture(nullptr);
  const std::string text = report_of(dir.path());
  CHECK(has(text, "error: \"It is broken: (secret)\"\n"));
  CHECK(has(text, "error_id: \"test::broken\"\n"));
  CHECK(has(text, "result: \"failed\"\nstack: \"heroku-24\"\nstep: \"source\"\n"));
}

TEST_CASE("a report that cannot be written fails nothing", "[heroku]") {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "halcyon", "a file");
  BuildReport report(report_file(dir.path()));
  report.finish("deployed");
  CHECK(read_file(dir.path() / "halcyon") == "a file");
}

TEST_CASE("a change of stack discards what the old stack built, and nothing else", "[heroku]") {
  const TempDir dir(fs::temp_directory_path());
  std::string output;
  log::capture(&output);
  const fs::path cache = dir.path() / "halcyon" / "cache";
  discard_other_stack(dir.path(), "heroku-22");
  write_file(cache / "linux-ubuntu-22-04-x64" / "halcyon-ghc-9.0.2.tar.xz", "built");
  write_file(cache / "original" / "ghc-9.0.2.tar.xz", "original");
  write_file(dir.path() / "node" / "modules", "another buildpack's");
  discard_other_stack(dir.path(), "heroku-22");
  CHECK(output.empty());
  CHECK(fs::exists(cache / "linux-ubuntu-22-04-x64" / "halcyon-ghc-9.0.2.tar.xz"));

  discard_other_stack(dir.path(), "heroku-24");
  CHECK(has(output, "-----> Discarding the cache\n"));
  CHECK(has(output, "The stack has changed from heroku-22 to heroku-24\n"));
  CHECK_FALSE(fs::exists(cache / "linux-ubuntu-22-04-x64"));
  CHECK(fs::exists(cache / "original" / "ghc-9.0.2.tar.xz"));
  CHECK(fs::exists(dir.path() / "node" / "modules"));
  output.clear();
  discard_other_stack(dir.path(), "heroku-24");
  CHECK(output.empty());
  log::capture(nullptr);
}
