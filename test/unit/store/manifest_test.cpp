#include "store/manifest.h"

#include <catch2/catch.hpp>

#include "base/error_id.h"

using namespace halcyon;

namespace {

Manifest sample() {
  Manifest manifest;
  manifest.archive = "os/halcyon-ghc-9.0.2.tar.xz";
  manifest.tag = "tier: ghc\nroot: /app\n";
  manifest.sha256 = std::string(64, 'a');
  manifest.bytes = 85'000'000'000;
  manifest.tree_bytes = 7;
  return manifest;
}

std::string parse_error(const std::string& text) {
  return test::error_id([&] { Manifest::parse(text, "test"); });
}

}  // namespace

TEST_CASE("a manifest reads back what it wrote", "[store]") {
  Manifest manifest = sample();
  for (const char* signature : {"", "ed25519:key signature"}) {
    manifest.signature = signature;
    const Manifest back = Manifest::parse(manifest.format(), "test");
    CHECK(back.archive == manifest.archive);
    CHECK(back.tag == manifest.tag);
    CHECK(back.sha256 == manifest.sha256);
    CHECK(back.bytes == manifest.bytes);
    CHECK(back.tree_bytes == 7);
    CHECK(back.signature == signature);
    CHECK(back.statement() == sample().statement());
  }
}

TEST_CASE("malformed manifests are refused", "[store]") {
  const std::string good =
      "halcyon-manifest: 2\narchive: os/a.tar.gz\narchive-sha256: " + std::string(64, 'a') +
      "\narchive-bytes: 1\n";
  CHECK(parse_error(good + "\ntag").empty());
  const std::string first = "halcyon-manifest: 2\n";
  for (const std::string& text :
       {good, std::string(), std::string("\n\n"), std::string("garbage\n\ntag"), first + "\ntag",
        first + "archive: os/a\narchive-bytes: 1\n\ntag",
        first + "archive: os/a\narchive-sha256: ../../etc\n\ntag",
        first + "archive: ../a\narchive-sha256: " + std::string(64, 'a') + "\n\ntag",
        first + "archive-sha256: " + std::string(64, 'a') + "\n\ntag",
        good + "archive-bytes: 2\n\ntag", good + "tree-bytes: -1\n\ntag", good + "garbage\n\ntag",
        good + "more: than we know\n\ntag", good + "signature: a\tb\n\ntag"}) {
    INFO(text);
    CHECK(parse_error(text) == "manifest::malformed");
  }
}

TEST_CASE("a manifest of another version of ours is told from a broken one", "[store]") {
  // As it was before there were versions.
  CHECK(parse_error("archive-sha256: " + std::string(64, 'a') +
                    "\narchive-bytes: 1\ntree-bytes: 1\n\ntag") == "manifest::other-version");
  CHECK(parse_error("halcyon-manifest: 3\nanything\n") == "manifest::other-version");
}

TEST_CASE("names beside an archive", "[store]") {
  CHECK(manifest_name("os/x-1.0.tar.xz") == "os/x-1.0.tar.xz.manifest");
  CHECK(companion_name("os/x-1.0.tar.gz") == "os/x-1.0.cabal.config");
}
