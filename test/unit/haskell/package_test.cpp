#include "haskell/package.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"

using namespace halcyon;

namespace {

using Names = std::vector<std::string>;

Package parse(const std::string& text) { return parse_package(text, "test.cabal"); }

std::string error_of(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("test.cabal") != std::string::npos);
    return error.id() + ": " + error.why();
  }
  return "no error";
}

std::string id_of(const fs::path& dir) {
  try {
    read_package(dir);
  } catch (const Error& error) {
    return error.id();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a package of today", "[haskell]") {
  const Package p = parse(R"(cabal-version:      2.4
-- Initial package description
name:               hello-web
version:            0.1.0.0
synopsis:           Says hello
description:
  A page. It says:
  name: not this one
  version: 9
  executable nor-this
data-dir:           share
data-files:         static/*.css, motd.txt
                    -- a comment
                    "with space.txt"
                    , templates/**/*.html
extra-source-files: CHANGELOG.md

common shared
  build-depends:    base
  if flag(dev)
    ghc-options: -Wall

library
  import:           shared
  exposed-modules:  Hello

executable hello-web
  import:           shared
  main-is:          Main.hs
  if os(windows)
    buildable: False
  else
    ghc-options: -threaded

executable "quoted"
  main-is: Q.hs

test-suite spec
  type: exitcode-stdio-1.0
  main-is: Spec.hs
)");
  CHECK(p.name == "hello-web");
  CHECK(p.version == "0.1.0.0");
  CHECK(p.label() == "hello-web-0.1.0.0");
  CHECK(p.executables == Names{"hello-web", "quoted"});
  CHECK(p.data_dir == "share");
  CHECK(p.data_files == Names{"static/*.css", "motd.txt", "with space.txt", "templates/**/*.html"});
}

TEST_CASE("styles of a package description", "[haskell]") {
  for (
      const char* text : {
          "name: a-b\nversion: 1\nexecutable x\n  main-is: X.hs\n",
          "\xEF\xBB\xBFName:a-b\r\nVersion:\t1\r\n\r\nExecutable\tx\r\n\tmain-is: X.hs\r\n",
          "name:\n  a-b\nversion:\n  1\nexecutable x\n",
          "  name: a-b\n  version: 1\n  executable x\n    main-is: X.hs\n",
          "name: a-b\nversion: 1\nexecutable x {\n  main-is: X.hs\n  if os(linux) {\n"
          "    cpp-options: -D{Y}\n  } else {\n    buildable: False\n  }\n}\n",
          "name: a-b\nversion: 1\nexecutable x\n{\nmain-is: X.hs\nname: wrong\n}\n",
          "name: a-b\nversion: 1\nlibrary { exposed-modules: L }\nexecutable x { main-is: X.hs }\n",
          "name: a-b\nversion: 1\ndescription: {\nname: wrong\nexecutable wrong\n}\nexecutable x\n",
          "name: a-b\nversion: 1\nexecutable: x\nmain-is: X.hs\n",
          "executable x\n  main-is: X.hs\nname: a-b\nversion: 1\nexecutable x\n",
          "name: a-b\nversion: 1\nexecutable x\n  other-modules:\n    A\n    B\n\n  -- c\n  "
          "main-is: X",
          "name: \"a-b\"\nversion: 1\nx-custom: {}\nexecutable x",
      }) {
    INFO(text);
    const Package p = parse(text);
    CHECK(p.label() == "a-b-1");
    CHECK(p.executables == Names{"x"});
    CHECK(p.data_files.empty());
  }
  CHECK(parse("name: a\nversion: 1\ndata-dir: .\n").data_dir.empty());
}

TEST_CASE("malformed package descriptions", "[haskell]") {
  CHECK(error_of("version: 1\n").find("package::no-name") == 0);
  CHECK(error_of("name: a\n").find("package::no-version") == 0);
  CHECK(error_of("").find("package::no-name") == 0);
  CHECK(error_of("name: a\nversion: one\n") == "package::malformed: line 2: this is not a version");
  CHECK(error_of("version: 1\nname: a b\n").find("line 2") != std::string::npos);
  CHECK(error_of("name: ../../x\nversion: 1").find("package::malformed") == 0);
  CHECK(error_of("name: a\nname: b\nversion: 1").find("line 2: a second name") !=
        std::string::npos);
  CHECK(error_of("name: a\nversion: 1\nexecutable\n  main-is: X").find("line 3") !=
        std::string::npos);
  CHECK(error_of("name: a\nversion: 1\nexecutable ../x\n").find("line 3") != std::string::npos);
  CHECK(error_of("name: a\nversion: 1\nexecutable x {\n main-is: X\n").find("never closed") !=
        std::string::npos);
  CHECK(error_of("name: a\ndescription: {\n").find("never closed") != std::string::npos);
  CHECK(error_of("<!DOCTYPE html>\n").find("line 1: neither") != std::string::npos);
  CHECK(error_of(std::string("name: a\0b\n", 10)).find("not text") != std::string::npos);
  CHECK(error_of(std::string(5'000'000, ' ')).find("larger") != std::string::npos);
}

TEST_CASE("the package in a directory", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  const fs::path top = dir.path();
  CHECK_FALSE(looks_like_haskell(top));
  CHECK_FALSE(looks_like_haskell(top / "absent"));
  CHECK(id_of(top) == "package::none");
  fs::create_directories(top / ".cabal");
  fs::create_directories(top / "dir.cabal");
  CHECK_FALSE(looks_like_haskell(top));
  write_file(top / "package.yaml", "name: x\n");
  CHECK(looks_like_haskell(top));
  try {
    read_package(top);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.fix().find("hpack") == 0);
    CHECK(error.why().find("package.yaml") != std::string::npos);
  }
  write_file(top / "a.cabal", "name: a\nversion: 1\n");
  const Package package = read_package(top);
  CHECK(package.label() == "a-1");
  CHECK(package.file == top / "a.cabal");
  write_file(top / "b.cabal", "name: b\nversion: 1\n");
  CHECK(id_of(top) == "package::several");
}

TEST_CASE("labels", "[haskell]") {
  const auto both = [](const char* text) {
    const Label label = parse_label(text);
    return label.name + "|" + label.version;
  };
  CHECK(both("hello-web-1.0.2") == "hello-web|1.0.2");
  CHECK(both("hello-web") == "hello-web|");
  CHECK(both("hello-1") == "hello|1");
  CHECK(both("base64-bytestring") == "base64-bytestring|");
  for (const char* text :
       {"", "-", "1.0", "hello-", "-1.0", "a--b", "a/b-1.0", "../x", "hello web", "hello-1.0-2"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_label(text), Error);
  }
}
