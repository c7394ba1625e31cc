#include "haskell/constraints.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "base/error.h"

using namespace halcyon;

namespace {

Constraints parse(const std::string& text) { return Constraints::parse(text, "test.freeze"); }

std::string why(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    CHECK(error.id() == "constraints::malformed");
    CHECK(std::string(error.what()).find("test.freeze") != std::string::npos);
    CHECK(error.fix().find("cabal freeze") != std::string::npos);
    return error.why().empty() ? error.what() : error.why();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a freeze file of cabal 3", "[haskell]") {
  const Constraints c = parse(
      "active-repositories: hackage.haskell.org:merge\n"
      "constraints: any.Diff ==0.4.1,\n"
      "             any.array ==0.5.4.0,\n"
      "             any.zlib ==0.6.3.0,\n"
      "             zlib -bundled-c-zlib -non-blocking-ffi +pkg-config,\n"
      "             any.rts ==1.0.2\n"
      "index-state: hackage.haskell.org 2024-03-01T12:00:00Z\n");
  CHECK(c.size() == 4);
  CHECK(c.find("Diff")->version == "0.4.1");
  CHECK(c.find("diff") == nullptr);
  CHECK(*c.find("zlib") ==
        Constraint{"0.6.3.0", {"+pkg-config", "-bundled-c-zlib", "-non-blocking-ffi"}});
  CHECK(c.index_state == "hackage.haskell.org 2024-03-01T12:00:00Z");
  CHECK(c.warnings.empty());
}

TEST_CASE("layouts of the constraints field", "[haskell]") {
  const std::string expected = "a 1\nb-c 2.0\n";
  for (const char* text : {
           "constraints: a ==1,\n             b-c ==2.0\n",
           "constraints: a ==1, b-c ==2.0",
           "constraints: a ==1,\r\n             b-c ==2.0\r\n",
           "constraints:\n  a ==1,\n  b-c ==2.0,\n",
           "Constraints:\n\ta == 1\n\t, b-c\n\t== 2.0\n",
           "\xEF\xBB\xBF-- made by hand\nconstraints: a==1,\n  -- not that one: c ==3\n  "
           "b-c==2.0\n",
           "constraints: a ==1\nconstraints: b-c ==2.0\n",
           "remote-repo: x:http://x/\n\nconstraints: a ==1,\n\n  b-c ==2.0\n\npackage a\n  flags: "
           "+x\n",
           "constraints: any.a ==1, a ==1,, b-c ==2.0",
           "package a\n  ghc-options: -O2\nconstraints : a ==1\n  , b-c ==2.0\nindex-state: HEAD",
       }) {
    INFO(text);
    CHECK(parse(text).normalised() == expected);
  }
}

TEST_CASE("what pins nothing is passed over with a warning", "[haskell]") {
  const Constraints c =
      parse("constraints: base installed,\n a ==1,\n foo:setup.bar ==1,\n setup.baz ==2, c source");
  CHECK(c.normalised() == "a 1\n");
  REQUIRE(c.warnings.size() == 4);
  CHECK(c.warnings[0].find("test.freeze: line 1: base installed") == 0);
  CHECK(c.warnings[1].find("line 3: foo:setup.bar ==1") != std::string::npos);
}

TEST_CASE("flags: alone, in any case, merged", "[haskell]") {
  CHECK(parse("constraints: a +Foo_1 -bar, a -bar, a ==1").normalised() == "a 1 +foo_1 -bar\n");
  CHECK(parse("constraints: a +x").normalised() == "a +x\n");
  CHECK(parse("constraints: a ==1 +x -y").normalised() == "a 1 +x -y\n");
}

TEST_CASE("malformed constraints: the line is named", "[haskell]") {
  CHECK(why("constraints: a ==1,\n  base >=4 && <5\n").find("line 2: \"base >=4 && <5\"") == 0);
  for (const char* item : {"a", "a ==1.*", "a ^>=1", "a ==1 || ==2", "a == {1.0", "a ==", "a == x",
                           "a ==1 nonsense", "a +", "a ==1-", "a 1.0", "a =1"}) {
    INFO(item);
    CHECK(why(std::string("constraints:\n  b ==1,\n  ") + item).find("line 3: ") == 0);
  }
  CHECK(why("constraints: a_b ==1").find("not a package name") != std::string::npos);
  CHECK(why("constraints: 12 ==1").find("not a package name") != std::string::npos);
  CHECK(why("constraints: ../../etc ==1").find("not a package name") != std::string::npos);
  CHECK(why("constraints: a ==1,\n a ==2") == "line 2: a is already 1");
  CHECK(why("constraints: a +x,\n a -x") == "line 2: a is already +x");
  CHECK(why("constraints: a ==1,\nb ==2").find("line 2: it must be indented") == 0);
  CHECK(why("if impl(ghc)\n  constraints: a ==1").find("line 2") == 0);
  CHECK(why(std::string("constraints: a\0 ==1", 19)).find("not text") != std::string::npos);
  CHECK(why(std::string(5'000'000, 'x')).find("larger") != std::string::npos);
  CHECK(why("").find("has no constraints") != std::string::npos);
  CHECK(why("index-state: HEAD\n").find("has no constraints") != std::string::npos);
  CHECK(why("constraints:\n").find("has no constraints") != std::string::npos);
  CHECK(why("constraints: base installed").find("has no constraints") != std::string::npos);
  CHECK(why("<html>\n<body>404: not found</body>").find("has no constraints") != std::string::npos);
}

TEST_CASE("what is written is read back, settings too", "[haskell]") {
  Constraints c;
  c.set("zlib", {"0.6.3.0", {"-B", "+a"}});
  c.set("Diff", {"0.4.1", {}});
  c.set("text", {"", {"+simd"}});
  c.settings = {"--project-settings 0123", "--another x"};
  c.index_state = "HEAD";
  CHECK(c.format() ==
        "constraints: any.Diff ==0.4.1,\n"
        "             text +simd,\n"
        "             any.zlib ==0.6.3.0,\n"
        "             zlib +a -b\n"
        "-- halcyon: --another x\n"
        "-- halcyon: --project-settings 0123\n");
  const Constraints again = parse(c.format());
  CHECK(again.all() == c.all());
  CHECK(again.settings == c.settings);
  CHECK(again.digest() == c.digest());
}

TEST_CASE("the digest is that of the normal form", "[haskell]") {
  Constraints c = parse("constraints: b ==2 -x,\n a ==1\nindex-state: HEAD");
  CHECK(c.normalised() == "a 1\nb 2 -x\n");
  CHECK(c.digest() == sha1("a 1\nb 2 -x\n"));
  const std::string before = c.digest();
  c.index_state = "";
  CHECK(c.digest() == before);
  c.settings.insert("--x");
  CHECK(c.digest() != before);
  c.settings.clear();
  c.set("own", {"1.0", {}});
  CHECK(c.digest() != before);
  c.remove("own");
  c.remove("never-there");
  CHECK(c.digest() == before);
}

TEST_CASE("scores: a subset counts, anything else disqualifies", "[haskell]") {
  const Constraints required = parse("constraints: a ==1, b ==2, c ==3 +x");
  std::string reason;
  CHECK(score(required, required) == 3);
  CHECK(score(parse("constraints: a ==1, c ==3 +x"), required, &reason) == 2);
  CHECK(reason.empty());
  CHECK_FALSE(score(parse("constraints: a ==1, Diff ==0.4.0"), required, &reason));
  CHECK(reason == "Diff-0.4.0 is not needed");
  CHECK_FALSE(score(parse("constraints: a ==1, b ==1"), required, &reason));
  CHECK(reason == "b is not 2");
  CHECK_FALSE(score(parse("constraints: c ==3"), required, &reason));
  CHECK(reason == "c has other flags");
  Constraints other = required;
  other.settings.insert("--project-settings 0");
  CHECK_FALSE(score(other, required, &reason));
  CHECK_FALSE(score(required, other, &reason));
  CHECK(reason.find("settings") != std::string::npos);
}
