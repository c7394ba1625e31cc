#include "haskell/git_sources.h"

#include <catch2/catch.hpp>

using namespace halcyon;

TEST_CASE("git repositories are taken out of a project file", "[haskell]") {
  std::string text =
      "packages: .\r\n\nsource-repository-package\n    type: git\n    -- why\n"
      "    location: https://example.com/a.git\n    tag: 0123456789012345678901234567890123456789\n"
      "-- a comment at the margin\n    subdir: one\n      two/three\n\n"
      "Source-Repository-Package\n  TYPE: Git\n  location: git@example.com:you/b\n  branch: next\n"
      "allow-newer: all\n"
      "source-repository-package\n  type: git\n  location: ssh://git@example.com/c\n";
  const std::vector<GitSource> sources = take_git_sources(text);
  CHECK(text == "packages: .\n\nallow-newer: all\n");
  REQUIRE(sources.size() == 3);
  CHECK(sources[0].location == "https://example.com/a.git");
  CHECK(sources[0].revision == "0123456789012345678901234567890123456789");
  CHECK(sources[0].subdirs == std::vector<std::string>{"one", "two/three"});
  CHECK(sources[1].location == "git@example.com:you/b");
  CHECK(sources[1].revision == "next");
  CHECK(sources[1].subdirs.empty());
  CHECK(sources[2].revision.empty());
}

TEST_CASE("what cabal has to do itself is left to it", "[haskell]") {
  const std::string head = "source-repository-package\n  type: git\n";
  const std::string url = "  location: https://example.com/a\n";
  for (const std::string& stanza :
       {std::string("source-repository-package\n  type: darcs\n") + url,
        std::string("source-repository-package\n") + url, head, head + "  location: ../a\n",
        head + url + "  tag: abc1234\n", head + url + "  post-checkout-command: ./configure\n",
        head + url + "  subdir: ../b\n", head + url + "  subdir: /b\n", head + url + "  tag\n",
        head + url + "  tag: a b\n", head + "  location: \"https://example.com/a\"\n",
        "source-repository-package {\n  type: git\n" + url + "}\n",
        std::string("if os(linux)\n  source-repository-package\n    type: git\n  ") + url,
        std::string("source-repository-packages: x\n"), std::string("packages: .")}) {
    INFO(stanza);
    std::string text = stanza;
    CHECK(take_git_sources(text).empty());
    CHECK(text == stanza);
  }
}
