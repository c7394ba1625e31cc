#include "layers/tag.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace halcyon;

TEST_CASE("a tag reads back what it wrote", "[layers]") {
  Tag tag("ghc", "ghc-9.0.2", "linux-debian-12-x64", "/app/.halcyon");
  tag.add("original-sha256", "00ff");
  CHECK(tag.text() ==
        "tier: ghc\ncontents: ghc-9.0.2\nos: linux-debian-12-x64\nroot: /app/.halcyon\n"
        "original-sha256: 00ff\n");
  CHECK(Tag::parse(tag.text(), "test") == tag);
  CHECK(tag.get("root") == "/app/.halcyon");
  CHECK(tag.get("absent").empty());
}

TEST_CASE("tags match except for named fields only", "[layers]") {
  Tag a("app", "hello-1.0", "linux", "/app");
  Tag b = a;
  a.add("source", "1");
  b.add("source", "2");
  CHECK(a != b);
  CHECK(a.matches_except(b, {"source"}));
  CHECK_FALSE(a.matches_except(b, {"os"}));
  CHECK_FALSE(a.matches_except(Tag("app", "hello-1.0", "linux", "/app"), {"source"}));
}

TEST_CASE("a tag refuses what would forge another field", "[layers]") {
  Tag tag("app", "hello-1.0", "linux", "/app");
  CHECK_THROWS_AS(tag.add("source", "1\nroot: /elsewhere"), Error);
  CHECK_THROWS_AS(tag.add("root", "/elsewhere"), Error);
  CHECK_THROWS_AS(Tag::parse("no colon here\n", "test"), Error);
  CHECK_THROWS_AS(Tag::parse("root: /a\nroot: /b\n", "test"), Error);
}
