#include "layers/toolchain.h"

#include <catch2/catch.hpp>

using namespace halcyon;

TEST_CASE("a toolchain is the compiler, headers and what they need, no more", "[layers]") {
  const std::map<std::string, SystemPackage> installed{
      {"gcc", {"4:12", {"cpp", "gcc-12"}}},
      {"gcc-12", {"12.2", {"libisl23", "libc6", "perl", "binutils"}}},
      {"cpp", {"4:12", {}}},
      {"libisl23", {"0.25", {"libgmp10"}}},
      {"libgmp10", {"6.2", {}}},
      {"libc6", {"2.36", {"libgcc-s1", "debconf"}}},
      {"libgcc-s1", {"12", {"libc6"}}},
      {"libc6-dev", {"2.36", {"libc6", "linux-libc-dev"}}},
      {"linux-libc-dev", {"6.1", {}}},
      {"perl", {"5.36", {}}},
      {"debconf", {"1.5", {}}},
      {"binutils", {"2.40", {}}},
      {"bash", {"5.2", {}}},
      {"git", {"2.39", {"libc6", "libcurl3-gnutls", "perl", "liberror-perl", "git-man"}}},
      {"libcurl3-gnutls", {"7.88", {"libc6", "libgnutls30"}}},
      {"libgnutls30", {"3.7", {"libc6", "libgmp10"}}},
      {"liberror-perl", {"0.17", {}}},
      {"git-man", {"2.39", {}}},
  };
  CHECK(git_packages(installed) ==
        std::vector<std::string>{"git", "libcurl3-gnutls", "libgmp10", "libgnutls30"});
  CHECK(toolchain_packages(installed) ==
        std::vector<std::string>{"cpp", "gcc", "gcc-12", "git", "libc6", "libc6-dev",
                                 "libcurl3-gnutls", "libgcc-s1", "libgmp10", "libgnutls30",
                                 "libisl23", "linux-libc-dev"});
}
