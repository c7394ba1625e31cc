#include "base/text.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace halcyon;
using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

TEST_CASE("text is cut into lines, pieces and words", "[base]") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(lines("").empty());
  CHECK(lines("a\r\nb\n\nc") == Texts{"a", "b", "", "c"});
  CHECK(lines("a\n") == Texts{"a"});
  CHECK(split("a,,b,", ',') == Texts{"a", "", "b", ""});
  CHECK(split("", ',') == Texts{""});
  CHECK(words("  a\tb \n c") == Texts{"a", "b", "c"});
  CHECK(words(" ").empty());
  CHECK(join({"a", "b", "c"}, ", ") == "a, b, c");
  CHECK(join({}, ", ").empty());
  CHECK(lower("GHC-Ä") == "ghc-Ä");
}

TEST_CASE("natural order goes by the value of numbers", "[base]") {
  CHECK(natural_less("a-9", "a-10"));
  CHECK_FALSE(natural_less("a-10", "a-9"));
  CHECK(natural_less("a-9.10", "a-10.2"));
  CHECK(natural_less("a", "a-1"));
  CHECK(natural_less("ghc-7.8.3", "ghc-7.8.10"));
  CHECK_FALSE(natural_less("a", "a"));
  // Equal by value: ordered all the same, and numbers of any length are compared.
  CHECK(natural_less("a-01", "a-1") != natural_less("a-1", "a-01"));
  CHECK(natural_less("a-99999999999999999999998", "a-99999999999999999999999"));
  Texts names{"x-10", "x-2", "x-1", "w-30", "x-2.1"};
  std::sort(names.begin(), names.end(), natural_less);
  CHECK(names == Texts{"w-30", "x-1", "x-2", "x-2.1", "x-10"});
}

TEST_CASE("numbers are whole, non-negative and bounded", "[base]") {
  CHECK(parse_number("0") == 0U);
  CHECK(parse_number("18446744073709551615") == 18446744073709551615U);
  for (const char* bad :
       {"", "-1", "+1", "1 ", " 1", "1.0", "0x1", "18446744073709551616", "99999999999999999999"}) {
    INFO(bad);
    CHECK_FALSE(parse_number(bad).has_value());
  }
}

TEST_CASE("versions", "[base]") {
  CHECK(is_version("9.0.2"));
  CHECK(is_version("4"));
  for (const char* bad : {"", ".", "1.", ".1", "1..2", "1.a", "v1", "1-2", "1.99999999999"}) {
    INFO(bad);
    CHECK_FALSE(is_version(bad));
  }
  CHECK(compare_versions("9.0.2", "9.0.10") < 0);
  CHECK(compare_versions("9.10", "9.2") > 0);
  CHECK(compare_versions("1.0", "1") > 0);
  CHECK(compare_versions("1.0", "1.0") == 0);
  CHECK(compare_versions("1.01", "1.1") == 0);
}

TEST_CASE("sizes and durations as people read them", "[base]") {
  CHECK(format_size(0) == "0 B");
  CHECK(format_size(999) == "999 B");
  CHECK(format_size(1000) == "1.0 kB");
  CHECK(format_size(3'249) == "3.2 kB");
  CHECK(format_size(9'960) == "10 kB");
  CHECK(format_size(999'499) == "999 kB");
  CHECK(format_size(999'500) == "1.0 MB");
  CHECK(format_size(85'200'000) == "85 MB");
  CHECK(format_size(2'500'000'000) == "2.5 GB");
  CHECK(format_duration(0ms) == "0.0 s");
  CHECK(format_duration(340ms) == "0.3 s");
  CHECK(format_duration(12'400ms) == "12 s");
  CHECK(format_duration(59'600ms) == "1 min 0 s");
  CHECK(format_duration(185s) == "3 min 5 s");
}

TEST_CASE("shell quotes are there when needed", "[base]") {
  CHECK(shell_quote("a/b-c_1.2=x") == "a/b-c_1.2=x");
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("a b") == "'a b'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("$(x)") == "'$(x)'");
  CHECK(shell_quote("~") == "'~'");
}

TEST_CASE("timestamps are UTC and survive a round trip", "[base]") {
  const auto time = parse_timestamp("20261121070859");
  REQUIRE(time.has_value());
  CHECK(std::chrono::system_clock::to_time_t(*time) == 1795244939);
  CHECK(format_timestamp(*time) == "20261121070859");
  CHECK(parse_timestamp("20240229000000").has_value());
  CHECK_FALSE(parse_timestamp("99991231235959").has_value());
  CHECK_FALSE(parse_timestamp("00010101000000").has_value());
  for (const char* bad : {"", "2026112107085", "202611210708599", "20261321070859",
                          "20230229000000", "20261121240000", "20261121076000", "2026112107085x"}) {
    INFO(bad);
    CHECK_FALSE(parse_timestamp(bad).has_value());
  }
}
