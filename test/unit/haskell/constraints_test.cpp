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
  const Constraints c = parse("constraints: a ==1, c source,\n d test");
  CHECK(c.normalised() == "a 1\n");
  REQUIRE(c.warnings.size() == 2);
  CHECK(c.warnings[0].find("test.freeze: line 1: c source") == 0);
  CHECK(c.warnings[1].find("line 2: d test") != std::string::npos);
}

TEST_CASE("setup scripts and build tools have constraints of their own", "[haskell]") {
  const Constraints c = parse(
      "constraints: a ==1,\n foo:setup.bar  ==1, setup.baz >=2 && <3,\n tool:happy:exe.array ==3");
  CHECK(c.normalised() ==
        "a 1\nfoo:setup.bar ==1\nsetup.baz >=2 && <3\ntool:happy:exe.array ==3\n");
  CHECK(c.warnings.empty());
  CHECK(parse(c.format()).normalised() == c.normalised());
  CHECK(c.format().find("             setup.baz >=2 && <3,\n") != std::string::npos);
  CHECK(c.digest() != parse("constraints: a ==1").digest());
  CHECK(why("constraints: a ==1,\n setup.b/c ==1").find("line 2: not a package name") == 0);
  CHECK(why("constraints:--b: ==1").find("line 1: not a package name") == 0);
  CHECK(why("constraints: a ==1, b:-c ==1").find("line 1: not a package name") == 0);
  CHECK(why("constraints: a ==1, b: ==1").find("line 1: not a package name") == 0);
}

TEST_CASE("packages that are to be GHC's own", "[haskell]") {
  const Constraints c = parse("constraints: any.base installed,\n a ==1, rts installed");
  CHECK(c.normalised() == "a 1\nbase installed\nrts installed\n");
  CHECK(c.warnings.empty());
  CHECK(parse(c.format()).normalised() == c.normalised());
  const Constraints less = parse("constraints: a ==1, base installed");
  std::string reason;
  CHECK(score(less, c) == 1);
  CHECK_FALSE(score(c, less, &reason));
  CHECK(reason.find("rts") == 0);
}

TEST_CASE("a build may have several versions of a package", "[haskell]") {
  // cabal freeze joins them: one is a setup script's or a build tool's.
  const Constraints c = parse(
      "constraints: any.Cabal ==3.10.1.0 || ==3.4.1.0,\n"
      "             any.time == 1.9.3||==1.12.2 || ==1.9.3,\n             a ==1 || ==2 +x");
  CHECK(c.find("Cabal")->version == "3.4.1.0 || 3.10.1.0");
  CHECK(c.find("Cabal")->versions() == std::vector<std::string>{"3.4.1.0", "3.10.1.0"});
  CHECK(c.find("time")->version == "1.9.3 || 1.12.2");
  CHECK(*c.find("a") == Constraint{"1 || 2", {"+x"}});
  CHECK(c.format().find("any.Cabal ==3.4.1.0 || ==3.10.1.0,") != std::string::npos);
  CHECK(parse(c.format()).all() == c.all());
}

TEST_CASE("a cabal.config of cabal 1.20 to 1.24", "[haskell]") {
  const Constraints c = parse(
      "-- made by hand\nremote-repo: "
      "hackage.haskell.org:http://hackage.haskell.org/packages/archive\n"
      "world-file: /home/x/.cabal/world\nwith-compiler: ghc-7.8.3\n\n"
      "constraints: Diff ==0.3.0,\n             array ==0.5.0.0,\n             base ==4.7.0.1,\n"
      "             rts ==1.0,\n             text ==1.1.0.0,\n"
      "             text -integer-simple,\n             text +developer\n"
      "flags: text:developer\ntests: True\n\nprogram-default-options\n  ghc-options: -Wall\n"
      "install-dirs user\n  -- prefix: /home/x/.cabal\n  bindir: $prefix/bin\n");
  CHECK(c.normalised() ==
        "Diff 0.3.0\narray 0.5.0.0\nbase 4.7.0.1\nrts 1.0\n"
        "text 1.1.0.0 +developer -integer-simple\n");
  CHECK(c.compiler == "7.8.3");
  CHECK_FALSE(c.is_snapshot());
  CHECK(c.warnings.empty());
}

TEST_CASE("a freeze file of cabal 2 without scopes or with them", "[haskell]") {
  const std::string expected = "a 1\nbase 4.10.1.0\ncassava 0.5 -bytestring--lt-0_10_4\n";
  CHECK(parse("constraints: a ==1,\n             base ==4.10.1.0,\n"
              "             cassava ==0.5,\n             cassava -bytestring--lt-0_10_4\n")
            .normalised() == expected);
  CHECK(parse("constraints: any.a ==1,\n             any.base ==4.10.1.0,\n"
              "             any.cassava ==0.5,\n             cassava -bytestring--lt-0_10_4\n")
            .normalised() == expected);
}

TEST_CASE("index states of several repositories", "[haskell]") {
  const Constraints c = parse(
      "active-repositories: , hackage.haskell.org:merge\n                     , head:override\n"
      "constraints: any.a ==1\n"
      "index-state: , hackage.haskell.org 2024-03-01T12:00:00Z\n"
      "             , head.hackage 2024-03-02T12:00:00Z\n");
  CHECK(c.normalised() == "a 1\n");
  CHECK(c.index_state ==
        ", hackage.haskell.org 2024-03-01T12:00:00Z , head.hackage 2024-03-02T12:00:00Z");
  CHECK(parse("index-state: HEAD\nconstraints: a ==1").index_state == "HEAD");
}

TEST_CASE("a cabal.config as Stackage publishes it is a snapshot", "[haskell]") {
  const std::string text =
      "-- NOTE: Due to revisions, this file may not work. See:\n"
      "-- https://github.com/fpco/stackage-server/issues/232\n\n"
      "-- Stackage snapshot from: http://www.stackage.org/snapshot/lts-22.7\n"
      "-- remote-repo: stackage-lts-22.7:http://www.stackage.org/lts-22.7\n"
      "with-compiler: ghc-9.6.4\n"
      "constraints: abstract-deque ==0.3,\n             base installed,\n"
      "             rts installed,\n             zlib ==0.6.3.0\n";
  const Constraints c = parse(text);
  CHECK(c.is_snapshot());
  CHECK(c.compiler == "9.6.4");
  CHECK(c.size() == 2);
  CHECK(c.installed == std::set<std::string, std::less<>>{"base", "rts"});
  CHECK(c.warnings.empty());
  CHECK_FALSE(parse("with-compiler: ghc-9.6.4\nconstraints: a ==1").is_snapshot());
  CHECK_FALSE(parse("constraints: a ==1, base installed").is_snapshot());
}

TEST_CASE("flags: alone, in any case, merged", "[haskell]") {
  CHECK(parse("constraints: a +Foo_1 -bar, a -bar, a ==1").normalised() == "a 1 +foo_1 -bar\n");
  CHECK(parse("constraints: a +x").normalised() == "a +x\n");
  CHECK(parse("constraints: a ==1 +x -y").normalised() == "a 1 +x -y\n");
}

TEST_CASE("malformed constraints: the line is named", "[haskell]") {
  CHECK(why("constraints: a ==1,\n  base >=4 && <5\n").find("line 2: \"base >=4 && <5\"") == 0);
  for (const char* item :
       {"a", "a ==1.*", "a ^>=1", "a ==1 || >2", "a ==1 ||", "a ==1 | ==2", "a == {1.0",
        "a ==", "a == x", "a ==1 nonsense", "a +", "a ==1-", "a 1.0", "a =1"}) {
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
  // Test suites may be added to what is there, but not left out of it.
  Constraints tested = required;
  tested.settings.insert(tests_setting);
  CHECK(score(required, tested) == 3);
  CHECK_FALSE(score(tested, required, &reason));
  CHECK(required.digest() != tested.digest());
}
