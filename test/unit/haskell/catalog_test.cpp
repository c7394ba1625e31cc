#include "haskell/catalog.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

using namespace halcyon;

namespace {

const std::string digest(64, 'a');

std::string dist(const std::string& os, const std::string& url = "https://example.org/a.tar.xz") {
  return R"({"os": ")" + os + R"(", "url": ")" + url + R"(", "sha256": ")" + digest + R"("})";
}

std::string ghc(const std::string& version, const std::string& base, const std::string& dists) {
  return R"({"version": ")" + version + R"(", "base": ")" + base + R"(", "dists": [)" + dists +
         "]}";
}

std::string catalog(const std::string& ghcs) { return R"({"ghc": [)" + ghcs + "]}"; }

std::string why(const std::string& json) {
  try {
    Catalog::parse(json, "test.json");
  } catch (const Error& error) {
    CHECK(error.id() == "catalog::malformed");
    CHECK(std::string(error.what()).find("test.json") != std::string::npos);
    return error.why();
  }
  return "no error";
}

}  // namespace

TEST_CASE("the catalog that comes with the program", "[haskell]") {
  const fs::path source = fs::path(__FILE__).parent_path() / ".." / ".." / "..";
  const Catalog ours = Catalog::load(source / "src" / "haskell" / "catalog.json");
  REQUIRE(ours.ghc("7.8.3") != nullptr);
  CHECK(ours.ghc("7.8.3")->base == "4.7.0.1");
  REQUIRE(ours.ghc(ours.recommended_ghc()) != nullptr);
  REQUIRE(ours.cabal(ours.recommended_cabal()) != nullptr);
  for (const std::string& version : ours.ghc_versions()) {
    INFO(version);
    const Release* release = ours.ghc(version);
    REQUIRE(release != nullptr);
    CHECK(is_version(release->base));
    for (const char* os : {"linux-debian-12-x64", "linux-ubuntu-24-04-x64"}) {
      const Distribution* distribution = Catalog::distribution(*release, os);
      REQUIRE(distribution != nullptr);
      CHECK(distribution->file_name().find("ghc-" + version + "-x86_64") == 0);
      CHECK((distribution->sha256.size() == 64 || version == "7.8.3"));
    }
  }
  for (const std::string& version : ours.cabal_versions()) {
    const Distribution* distribution =
        Catalog::distribution(*ours.cabal(version), "linux-debian-12-x64");
    REQUIRE(distribution != nullptr);
    CHECK(distribution->sha256.size() == 64);
  }
}

TEST_CASE("a distribution for an OS: the exact one, else the most special general one",
          "[haskell]") {
  const Catalog parsed = Catalog::parse(
      catalog(ghc("9.0.2", "4.15.1.0",
                  dist("linux-x64", "https://example.org/any.tar.xz") + "," +
                      dist("linux-ubuntu-x64", "https://example.org/ubuntu.tar.xz?x=1") + "," +
                      dist("linux-ubuntu-24-04-x64", "https://example.org/d/noble.tar.xz"))),
      "test.json");
  const Release& release = *parsed.ghc("9.0.2");
  const auto name = [&](const char* os) { return Catalog::distribution(release, os)->file_name(); };
  CHECK(name("linux-ubuntu-24-04-x64") == "noble.tar.xz");
  CHECK(name("linux-ubuntu-22-04-x64") == "ubuntu.tar.xz");
  CHECK(name("linux-debian-12-x64") == "any.tar.xz");
  CHECK(Catalog::distribution(release, "linux-debian-12-arm64") == nullptr);
  CHECK(Catalog::distribution(release, "linux") == nullptr);
  CHECK(Catalog::distribution(release, "linuxish-1-x64") == nullptr);
}

TEST_CASE("versions are ordered by number, and base tells the newest GHC", "[haskell]") {
  const Catalog parsed =
      Catalog::parse(catalog(ghc("9.10.1", "4.20.0.0", "") + "," + ghc("9.6.6", "4.18.2.1", "") +
                             "," + ghc("9.6.5", "4.18.2.1", "")),
                     "test.json");
  CHECK(parsed.ghc_versions() == std::vector<std::string>{"9.6.5", "9.6.6", "9.10.1"});
  CHECK(parsed.ghc_of_base("4.18.2.1")->version == "9.6.6");
  CHECK(parsed.ghc_of_base("4.1") == nullptr);
  CHECK(parsed.ghc_of_base("") == nullptr);
}

TEST_CASE("an overlay adds and overrides", "[haskell]") {
  Catalog base = Catalog::parse(
      R"({"recommended": {"ghc": "9.0.2", "cabal": "3.4.1.0"}, "ghc": [)" +
          ghc("9.0.2", "4.15.1.0", dist("linux-x64") + "," + dist("linux-debian-12-x64")) + "]}",
      "base.json");
  base.merge(Catalog::parse(
      R"({"recommended": {"cabal": "3.6.2.0"}, "ghc": [{"version": "9.0.2", "dists": [)" +
          dist("linux-x64", "http://other.example/b.tar.xz") + "]}," +
          ghc("9.2.8", "4.16.4.0", "") + R"(], "cabal": [{"version": "3.6.2.0", "dists": []}]})",
      "overlay.json"));
  CHECK(base.recommended_ghc() == "9.0.2");
  CHECK(base.recommended_cabal() == "3.6.2.0");
  CHECK(base.ghc("9.0.2")->base == "4.15.1.0");
  CHECK(Catalog::distribution(*base.ghc("9.0.2"), "linux-fedora-40-x64")->url ==
        "http://other.example/b.tar.xz");
  CHECK(Catalog::distribution(*base.ghc("9.0.2"), "linux-debian-12-x64")->url ==
        "https://example.org/a.tar.xz");
  CHECK(base.ghc("9.2.8") != nullptr);
  CHECK(base.cabal("3.6.2.0") != nullptr);
}

TEST_CASE("a malformed catalog: the place is named", "[haskell]") {
  CHECK(why("{\n\"ghc\": [}").find("line 2") != std::string::npos);
  CHECK(why("") != "no error");
  CHECK(why("[]") == "is not an object");
  CHECK(why(R"({"ghc": {}})") == "ghc: is not a list");
  CHECK(why(R"({"ghc": [{"dists": []}]})") == "ghc[0]: has no \"version\"");
  CHECK(why(catalog(ghc("nine", "4.15.1.0", ""))) == "ghc[0].version: \"nine\" is not a version");
  CHECK(why(catalog(ghc("9.0.2", "4.15.1.0", dist("windows")))).find("ghc[0].dists[0].os") == 0);
  CHECK(why(catalog(ghc("9.0.2", "4.15.1.0", dist("linux-x64", "ftp://x/y")))).find("http") !=
        std::string::npos);
  for (const char* url : {"https://example.org", "https://example.org/", "https://example.org/..",
                          "https://example.org/.hidden", "https://example.org/?a=/b"}) {
    INFO(url);
    CHECK(why(catalog(ghc("9.0.2", "4.15.1.0", dist("linux-x64", url)))) ==
          "ghc[0].dists[0].url: does not end with a file name");
  }
  CHECK(why(R"({"cabal": [{"version": "3.4", "dists": [{"os": "linux-x64",
        "url": "https://e.org/a", "sha256": "abc"}]}]})")
            .find("cabal[0].dists[0].sha256") == 0);
  CHECK(why(catalog(ghc("9.0.2", "4.15", "") + "," + ghc("9.0.2", "4.15", ""))).find("twice") !=
        std::string::npos);
  CHECK(why(catalog(ghc("9.0.2", "4.15", dist("linux-x64") + "," + dist("linux-x64"))))
            .find("ghc[0].dists[1]") == 0);
  CHECK(why(R"({"recommended": {"ghc": 9}})") == "recommended.ghc: is not a string");
  CHECK(why(R"({"recommended": "9.0.2"})") == "recommended: is not an object");
  CHECK(why("{\"ghc\": [{\"version\": \"\xff\"}]}") != "no error");
  CHECK(why(std::string(1'000'000, '[')) != "no error");  // and the stack holds
  CHECK(why("{\"x\": \"" + std::string(5'000'000, 'x') + "\"}").find("larger") !=
        std::string::npos);
}

TEST_CASE("from a refreshed catalog each release gets what ghcup chooses for it", "[haskell]") {
  const fs::path source = fs::path(__FILE__).parent_path() / ".." / ".." / "..";
  const Catalog catalog = Catalog::load(source / "test" / "catalog" / "after.json");
  const auto chosen = [&](const char* version, const char* os) {
    const Distribution* distribution = Catalog::distribution(*catalog.ghc(version), os);
    return distribution == nullptr ? "" : distribution->sha256.substr(0, 6);
  };
  CHECK(chosen("9.6.6", "linux-debian-10-x64") == "096610");
  CHECK(chosen("9.6.6", "linux-debian-11-x64") == "096611");
  CHECK(chosen("9.6.6", "linux-debian-14-x64") == "096611");
  CHECK(chosen("9.6.6", "linux-ubuntu-18-04-x64") == "096609");
  CHECK(chosen("9.6.6", "linux-ubuntu-24-04-x64") == "096620");
  CHECK(chosen("9.6.6", "linux-ubuntu-26-04-x64") == "096620");
  CHECK(chosen("9.6.6", "linux-debian-12-arm64") == "0966a1");
  CHECK(chosen("9.6.10", "linux-ubuntu-22-04-x64") == "096100");
  CHECK(catalog.ghc("9.6.6")->base == "4.18.2.1");
  CHECK(catalog.ghc("7.8.3")->base == "4.7.0.1");
}
