#include "base/platform.h"

#include <catch2/catch.hpp>

#include "base/error_id.h"
#include "base/files.h"

using namespace halcyon;

TEST_CASE("the operating system's identifier", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "os-release";
  const auto identifier = [&file](std::string_view text) {
    write_file(file, text);
    const std::string whole = os_identifier(file);
    return whole.substr(0, whole.rfind('-'));  // without the machine
  };
  CHECK(identifier("PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_ID=\"12\"\nID=debian\n") ==
        "linux-debian-12");
  CHECK(identifier("ID='ubuntu'\nID_LIKE=debian\nVERSION_ID=24.04\n") == "linux-ubuntu-24-04");
  CHECK(identifier("ID=debian\nVERSION_CODENAME=sid\n") == "linux-debian-sid");
  CHECK(identifier("ID=arch\n") == "linux-arch");
  for (const char* bad : {"", "VERSION_ID=12\n", "ID=../../x\n", "ID=debian\nVERSION_ID=1/2\n"}) {
    INFO(bad);
    write_file(file, bad);
    CHECK(test::error_id([&] { os_identifier(file); }) == "platform::unknown");
  }
  CHECK(test::error_id([&] { os_identifier(dir.path() / "none"); }) == "platform::unknown");
}

TEST_CASE("the machine's share of jobs, and our own file", "[base]") {
  CHECK(job_count() >= 1);
  CHECK(fs::is_regular_file(self_path()));
}
