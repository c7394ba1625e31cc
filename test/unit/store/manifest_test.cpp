#include "store/manifest.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace halcyon;

TEST_CASE("a manifest reads back what it wrote", "[store]") {
  Manifest manifest;
  manifest.tag = "tier: ghc\nroot: /app\n";
  manifest.sha256 = std::string(64, 'a');
  manifest.bytes = 85'000'000'000;
  manifest.tree_bytes = 7;
  const Manifest back = Manifest::parse(manifest.format(), "test");
  CHECK(back.tag == manifest.tag);
  CHECK(back.sha256 == manifest.sha256);
  CHECK(back.bytes == manifest.bytes);
  CHECK(back.tree_bytes == 7);
}

TEST_CASE("malformed manifests are refused", "[store]") {
  const std::string good = "archive-sha256: " + std::string(64, 'a') + "\narchive-bytes: 1\n";
  CHECK_NOTHROW(Manifest::parse(good + "\ntag", "test"));
  CHECK_THROWS_AS(Manifest::parse(good, "test"), Error);
  CHECK_THROWS_AS(Manifest::parse("", "test"), Error);
  CHECK_THROWS_AS(Manifest::parse("archive-bytes: 1\n\ntag", "test"), Error);
  CHECK_THROWS_AS(Manifest::parse("archive-sha256: ../../etc\n\ntag", "test"), Error);
  CHECK_THROWS_AS(Manifest::parse(good + "archive-bytes: -1\n\ntag", "test"), Error);
  CHECK_THROWS_AS(Manifest::parse(good + "garbage\n\ntag", "test"), Error);
}

TEST_CASE("names beside an archive", "[store]") {
  CHECK(manifest_name("os/x-1.0.tar.xz") == "os/x-1.0.tar.xz.manifest");
  CHECK(companion_name("os/x-1.0.tar.gz") == "os/x-1.0.cabal.config");
}
