#include "haskell/yaml.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace halcyon;

namespace {

Yaml parse(const std::string& text) { return Yaml::parse(text, "test.yaml"); }

std::string why(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    CHECK(error.id() == "yaml::malformed");
    CHECK(std::string(error.what()).find("test.yaml") == 0);
    return error.why();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a YAML document as a tree", "[haskell]") {
  const Yaml document = parse(
      "# comment\nresolver: lts-22.7\npackages:\n- .\n- 'two'\nflags:\n  a: {x: true, y: no}\n"
      "empty:\nquoted: \"~\"\nlong: >-\n  one\n  two\n");
  REQUIRE(document.kind() == Yaml::Kind::map);
  CHECK(document.entries().size() == 6);
  CHECK(document.find("resolver")->text() == "lts-22.7");
  CHECK(document.find("resolver")->line() == 2);
  const Yaml& packages = *document.find("packages");
  REQUIRE(packages.items().size() == 2);
  CHECK(packages.items()[1].text() == "two");
  const Yaml& flags = *document.find("flags")->find("a");
  CHECK(flags.find("x")->is_true());
  CHECK_FALSE(flags.find("y")->is_true());
  CHECK(document.find("empty")->is_null());
  CHECK_FALSE(document.find("quoted")->is_null());
  CHECK(document.find("long")->text() == "one two");
  CHECK(document.find("absent") == nullptr);
  CHECK(packages.find("x") == nullptr);
}

TEST_CASE("scalars are text, and the first document counts", "[haskell]") {
  CHECK(parse("3.10").text() == "3.10");
  CHECK(parse("").is_null());
  CHECK(parse("# nothing\n").is_null());
  CHECK(parse("--- one\n--- two\n").text() == "one");
  CHECK(parse("\xEF\xBB\xBF"
              "a: 1\r\nb: 2\r\n")
            .find("b")
            ->text() == "2");
}

TEST_CASE("aliases are copies", "[haskell]") {
  const Yaml document = parse("a: &x [1, 2]\nb: *x\nc: &y {d: *x}\ne: *y\n");
  CHECK(document.find("b")->items().size() == 2);
  CHECK(document.find("e")->find("d")->items()[1].text() == "2");
  CHECK(why("a: *nowhere").find("line 1") == 0);
  CHECK(why("a: &a [*a]").find("line 1") == 0);
}

TEST_CASE("malformed YAML: the line is named", "[haskell]") {
  CHECK(why("a: 1\nb: [1, 2\n").find("line ") == 0);
  CHECK(why("a: 1\n\tb: 2\n").find("line 2") == 0);
  CHECK(why("a: 1\na: 2\n") == "line 2: \"a\" is there twice");
  CHECK(why("? [x]\n: 1\n").find("line 1: a key is not a word") == 0);
  CHECK(why(std::string("a: \0", 4)).find("line 1") == 0);
  CHECK(why("a: \xff\xfe").find("line 1") == 0);
  CHECK(why(std::string(200, '[')).find("nested too deeply") != std::string::npos);
  CHECK(why(std::string(17U << 20U, 'x')).find("larger") != std::string::npos);
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 9; ++k) bomb += ", " + last;
    bomb += "]\n";
  }
  CHECK(why(bomb).find("too large") != std::string::npos);
}
