#include "heroku/slug.h"

#include <catch2/catch.hpp>

#include "base/files.h"
#include "base/log.h"

using namespace halcyon;

namespace {

Package package_of(std::vector<std::string> executables) {
  Package package;
  package.name = "hello";
  package.version = "1.0";
  package.executables = std::move(executables);
  return package;
}

}  // namespace

TEST_CASE("the web process runs the executable of the package's name, else the first", "[heroku]") {
  CHECK(web_executable(package_of({"tool", "hello"})) == "hello");
  CHECK(web_executable(package_of({"tool", "other"})) == "tool");
  CHECK(web_executable(package_of({})).empty());
}

TEST_CASE("a Procfile is written only when there is none", "[heroku]") {
  std::string output;
  log::capture(&output);
  TempDir dir(fs::temp_directory_path());
  write_procfile(dir.path(), package_of({"hello"}));
  CHECK(read_file(dir.path() / "Procfile") == "web: bin/hello\n");
  write_file(dir.path() / "Procfile", "worker: bin/other\n");
  write_procfile(dir.path(), package_of({"hello"}));
  CHECK(read_file(dir.path() / "Procfile") == "worker: bin/other\n");
  log::capture(nullptr);
}
