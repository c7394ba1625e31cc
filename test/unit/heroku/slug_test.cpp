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

TEST_CASE("the web process runs the executable of the package's name, else web, else the first",
          "[heroku]") {
  CHECK(web_executable(package_of({"tool", "web", "hello"})) == "hello");
  CHECK(web_executable(package_of({"tool", "web"})) == "web");
  CHECK(web_executable(package_of({"tool", "other"})) == "tool");
  CHECK(web_executable(package_of({})).empty());
}

TEST_CASE("a Procfile is written only when there is none", "[heroku]") {
  std::string output;
  log::capture(&output);
  TempDir dir(fs::temp_directory_path());
  write_procfile(dir.path(), package_of({"hello"}));
  CHECK_FALSE(fs::exists(dir.path() / "Procfile"));  // it is not installed
  write_file(dir.path() / "bin" / "hello", "");
  write_file(dir.path() / "bin" / "tool", "");
  write_procfile(dir.path(), package_of({"first", "tool", "hello"}));
  CHECK(read_file(dir.path() / "Procfile") == "web: bin/hello\n");
  CHECK(output.find("other executables too: tool, hello") != std::string::npos);
  write_file(dir.path() / "Procfile", "worker: bin/other\n");
  write_procfile(dir.path(), package_of({"hello"}));
  CHECK(read_file(dir.path() / "Procfile") == "worker: bin/other\n");
  log::capture(nullptr);
}
