#include "heroku/config_vars.h"

#include <catch2/catch.hpp>

#include "base/files.h"
#include "base/log.h"

using namespace halcyon;

TEST_CASE("config vars are read word for word, ours only", "[heroku]") {
  TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "HALCYON_S3_BUCKET", "bucket");
  write_file(dir.path() / "HALCYON_AWS_SECRET_ACCESS_KEY", "se cret\n");
  write_file(dir.path() / "DATABASE_URL", "postgres://u:p@h/d");
  write_file(dir.path() / "PATH", "/evil");
  write_file(dir.path() / "HALCYON_PREFIX", "/elsewhere");
  write_file(dir.path() / "HALCYON_BAD-NAME", "x");
  const Environment vars = read_config_vars(dir.path());
  CHECK(vars == Environment{{"HALCYON_S3_BUCKET", "bucket"},
                            {"HALCYON_AWS_SECRET_ACCESS_KEY", "se cret\n"}});
  CHECK(read_config_vars("").empty());
  CHECK(read_config_vars(dir.path() / "absent").empty());
}

TEST_CASE("secret config vars are never told", "[heroku]") {
  std::string output;
  log::capture(&output);
  tell_config_vars({{"HALCYON_S3_BUCKET", "bucket"},
                    {"HALCYON_AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"},
                    {"HALCYON_UNKNOWN_THING", "perhaps-a-token"}});
  log::capture(nullptr);
  CHECK(output.find("bucket") != std::string::npos);
  CHECK(output.find("(secret)") != std::string::npos);
  CHECK(output.find("wJalrXUtnFEMI") == std::string::npos);
  CHECK(output.find("perhaps-a-token") == std::string::npos);
}
