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
  };
  CHECK(toolchain_packages(installed) ==
        std::vector<std::string>{"cpp", "gcc", "gcc-12", "libc6", "libc6-dev", "libgcc-s1",
                                 "libgmp10", "libisl23", "linux-libc-dev"});
}
