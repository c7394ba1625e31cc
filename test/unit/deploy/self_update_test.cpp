#include "deploy/self_update.h"

#include <catch2/catch.hpp>

#include "base/error_id.h"
#include "base/files.h"

using namespace halcyon;
using halcyon::test::error_id;

TEST_CASE("HALCYON_URL is a release archive or a git repository", "[deploy]") {
  const auto archive = UpdateSource::parse("https://example.com/a/halcyon-buildpack.tgz");
  CHECK(archive.archive);
  CHECK(archive.url == "https://example.com/a/halcyon-buildpack.tgz");
  CHECK(UpdateSource::parse("http://localhost:8000/x.tar.gz").archive);
  CHECK(UpdateSource::parse("file:///srv/x.tgz").archive);

  const auto git = UpdateSource::parse("https://github.com/mietek/halcyon#some/branch-1.0");
  CHECK_FALSE(git.archive);
  CHECK(git.url == "https://github.com/mietek/halcyon");
  CHECK(git.branch == "some/branch-1.0");
  CHECK(UpdateSource::parse("git@github.com:mietek/halcyon.git").branch.empty());
  CHECK(UpdateSource::parse("ssh://git@example.com:2222/halcyon").url ==
        "ssh://git@example.com:2222/halcyon");
  CHECK_FALSE(UpdateSource::parse("file:///srv/halcyon").archive);
}

TEST_CASE("a HALCYON_URL that anybody could answer, or that git would obey, is refused",
          "[deploy]") {
  for (const char* text :
       {"http://example.com/halcyon.tgz", "http://example.com/halcyon", "git://example.com/halcyon",
        "ftp://example.com/halcyon.tgz", "ssh://example.com/halcyon.tgz", "ext::sh -c id",
        "halcyon.tgz", "-u@x:y", "--upload-pack=x", "https://example.com/h#--upload-pack=x",
        "https://example.com/h#a b", "https://user:password@example.com/halcyon",
        "https://token@example.com/halcyon", "ssh://user:password@example.com/halcyon",
        "http://localhost.example.com/halcyon.tgz", "#x"}) {
    INFO(text);
    CHECK(error_id([&] { UpdateSource::parse(text); }) == "selfupdate::bad-url");
  }
}

TEST_CASE("only a directory with nothing but Halcyon in it is replaced", "[deploy]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path top = dir.path();
  CHECK(foreign_content(top) == "It has no bin/halcyon");
  write_file(top / "bin" / "halcyon", "");
  write_file(top / "bin" / "catalog.json", "");
  write_file(top / "share" / "halcyon" / "catalog.json", "");
  write_file(top / "README.md", "");
  CHECK(foreign_content(top).empty());
  const auto other = fs::path(GENERATE("bin/other", "share/other/x", "lib/x", ".git/config"));
  write_file(top / other, "");
  CHECK(foreign_content(top).find("There is also") == 0);
}
