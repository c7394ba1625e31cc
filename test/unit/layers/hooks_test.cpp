#include "layers/hooks.h"

#include <catch2/catch.hpp>

#include "base/files.h"
#include "layers/tag.h"

using namespace halcyon;

TEST_CASE("hooks are part of their own layer's identity", "[layers]") {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "a", "#!/bin/sh\n");
  write_file(dir.path() / "b", "#!/bin/sh\necho\n");
  Hooks hooks;
  CHECK(hooks.digest("ghc").empty());
  CHECK(hooks.qualified("9.0.2", "ghc") == "9.0.2");
  hooks.add("ghc-pre-build", dir.path() / "a");
  const std::string digest = hooks.digest("ghc");
  CHECK(digest.size() == 40);
  CHECK(hooks.qualified("9.0.2", "ghc") == "9.0.2." + digest.substr(0, 7));
  CHECK(hooks.digest("cabal").empty());
  hooks.add("cabal-pre-update", dir.path() / "a");
  CHECK(hooks.digest("ghc") == digest);
  CHECK(hooks.digest("cabal") != digest);
  hooks.add("ghc-pre-build", dir.path() / "b");
  CHECK(hooks.digest("ghc") != digest);
  Hooks elsewhere;
  elsewhere.add("ghc-post-build", dir.path() / "b");
  CHECK(elsewhere.digest("ghc") != hooks.digest("ghc"));
}

TEST_CASE("a tag on one line", "[layers]") {
  const Tag tag("ghc", "ghc-9.0.2", "linux-debian-12-x64", "/app/.halcyon");
  CHECK(tag.line() ==
        "tier: ghc\tcontents: ghc-9.0.2\tos: linux-debian-12-x64\troot: /app/.halcyon");
}
