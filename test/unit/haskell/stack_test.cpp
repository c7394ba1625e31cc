#include "haskell/stack.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"

using namespace halcyon;

namespace {

constexpr const char* base_url = "https://example.org/snapshots";

const std::string published =
    "flags:\n  text:\n    simdutf: false\n  cassava:\n    bytestring--lt-0_10_4: false\n"
    "  absent: {x: true}\n"
    "packages:\n"
    "- hackage: "
    "cassava-0.5.3.0@sha256:06e6dbc0f3467f3d9823321171adc08d6edc639491cadb0ad33b2dca1e530d29,6083\n"
    "  pantry-tree:\n    sha256: 6f3ac3a8d9f0\n    size: 2846\n"
    "- hackage: split-0.2.5@sha256:52e1e836820c7b0196f3dbd94f3e162b0f5e,2500\n"
    "  pantry-tree:\n    sha256: 22ef0\n    size: 374\n"
    "- hackage: text-2.0.2@rev:1\n"
    "publish-time: 2024-01-19T02:48:09.387515863Z\nresolver:\n  compiler: ghc-9.6.4\n";

/// A server of texts by URL, which counts.
struct Server {
  std::map<std::string, std::string> texts;
  std::vector<std::string> asked;
  Fetch fetch() {
    return [this](const std::string& url) {
      asked.push_back(url);
      return texts.at(url);
    };
  }
};

StackFile project(const std::string& text) { return parse_stack_project(text, "stack.yaml"); }

Constraints resolve(const std::string& text, Server& server, const fs::path& dir = "/nowhere") {
  return resolve_snapshot(project(text), dir, base_url, server.fetch());
}

Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {"none", "no error"};
}

Error error_of(const std::string& text) {
  return error_of([&] { project(text); });
}

}  // namespace

TEST_CASE("a published snapshot: versions, flags, compiler", "[haskell]") {
  Server server{{{"https://example.org/snapshots/lts/22/7.yaml", published}}, {}};
  const Constraints c = resolve("resolver: lts-22.7\n", server);
  CHECK(c.normalised() ==
        "cassava 0.5.3.0 -bytestring--lt-0_10_4\nsplit 0.2.5\ntext 2.0.2 -simdutf\n");
  CHECK(c.compiler == "9.6.4");
  CHECK(server.asked.size() == 1);
}

TEST_CASE("where snapshots are", "[haskell]") {
  for (const auto& [written, url] : std::map<std::string, std::string>{
           {"lts-22.7", "https://example.org/snapshots/lts/22/7.yaml"},
           {"lts-0.0", "https://example.org/snapshots/lts/0/0.yaml"},
           {"nightly-2024-01-09", "https://example.org/snapshots/nightly/2024/1/9.yaml"},
           {"nightly-2024-11-30", "https://example.org/snapshots/nightly/2024/11/30.yaml"},
           {"https://x.org/s.yaml", "https://x.org/s.yaml"},
           {"github:a/b:c/d.yaml", "https://raw.githubusercontent.com/a/b/master/c/d.yaml"}}) {
    INFO(written);
    Server server{{{url, "compiler: ghc-9.0.2"}}, {}};
    CHECK(resolve("snapshot: " + written, server).compiler == "9.0.2");
    CHECK(server.asked == std::vector<std::string>{url});
  }
  Server nothing;
  const Constraints c = resolve("snapshot: ghc-9.0.2\nextra-deps: [a-1]\n", nothing);
  CHECK(c.compiler == "9.0.2");
  CHECK(c.normalised() == "a 1\n");
  for (const char* written :
       {"lts", "lts-22", "nightly", "nightly-2024", "lts-22.7x", "file.yaml"}) {
    INFO(written);
    const Error error = error_of([&] { resolve(std::string("snapshot: ") + written, nothing); });
    CHECK(error.id() == "stack::unknown-snapshot");
    CHECK(error.fix().find("lts-22.7") != std::string::npos);
  }
  CHECK(error_of([&] { resolve("packages: [.]", nothing); }).id() == "stack::no-compiler");
  CHECK(nothing.asked.empty());
}

TEST_CASE("extra-deps and flags of the project come first", "[haskell]") {
  Server server{{{"https://example.org/snapshots/lts/22/7.yaml", published}}, {}};
  const Constraints c = resolve(
      "resolver: lts-22.7\ncompiler: ghc-9.6.6\nextra-deps:\n- text-2.1.1\n"
      "- hackage: acme-missiles-0.3@sha256:2ba66a092a32593880a8,613\n  pantry-tree: {size: 1}\n"
      "- acme-more-0.1.0@rev:0\ndrop-packages: [split]\n"
      "flags:\n  cassava: {bytestring--lt-0_10_4: true, X: false}\n  own: {dev: true}\n",
      server);
  CHECK(c.normalised() ==
        "acme-missiles 0.3\nacme-more 0.1.0\ncassava 0.5.3.0 +bytestring--lt-0_10_4 -x\n"
        "text 2.1.1\n");
  CHECK(c.compiler == "9.6.6");
}

TEST_CASE("snapshots in files stand on others", "[haskell]") {
  TempDir dir(fs::temp_directory_path());
  Server server{{{"https://example.org/snapshots/lts/22/7.yaml", published}}, {}};
  write_file(dir.path() / "stack" / "own.yaml",
             "name: own\nresolver: lts-22.7\npackages:\n- split-0.2.4\ndrop-packages: [cassava]\n");
  CHECK(resolve("snapshot: stack/own.yaml", server, dir.path()).normalised() ==
        "split 0.2.4\ntext 2.0.2 -simdutf\n");
  CHECK(
      resolve("snapshot: {filepath: stack/own.yaml}", server, dir.path()).find("split")->version ==
      "0.2.4");
  write_file(dir.path() / "loop.yaml", "snapshot: loop.yaml\n");
  CHECK(error_of([&] { resolve("snapshot: loop.yaml", server, dir.path()); })
            .why()
            .find("too many") != std::string::npos);
  Server other{{{"https://x.org/s.yaml", "snapshot: own.yaml\n"}}, {}};
  CHECK(error_of([&] { resolve("snapshot: https://x.org/s.yaml", other, dir.path()); }).id() ==
        "stack::unknown-snapshot");
}

TEST_CASE("a snapshot's checksum", "[haskell]") {
  Server server{{{"https://x.org/s.yaml", published}}, {}};
  const auto with = [](const std::string& digest) {
    return "snapshot:\n  url: https://x.org/s.yaml\n  size: 1\n  sha256: " + digest + "\n";
  };
  CHECK(resolve(with(sha256(published)), server).size() == 3);
  CHECK(error_of([&] { resolve(with(std::string(64, '0')), server); }).id() ==
        "stack::wrong-checksum");
}

TEST_CASE("what cabal has to be told of stack.yaml", "[haskell]") {
  const Constraints none;
  CHECK(cabal_project_text(project("resolver: lts-22.7\n"), none).packages.empty());
  CHECK(cabal_project_text(project("packages: ['.']\nextra-deps: [a-1]"), none).packages.empty());
  const StackFile file = project(
      "packages: [., lib]\nallow-newer: true\nflags: {own: {dev: true, b: false}, a: {x: true}}\n"
      "extra-deps:\n- ./vendored\n- a-1\n"
      "- git: https://x.org/r.git\n  commit: '0123'\n  subdirs: [one, two]\n"
      "- github: u/r\n  commit: 4567\n");
  Constraints resolved;
  resolved.set("a", {"1", {"+x"}});
  const StackProjectText text = cabal_project_text(file, resolved);
  CHECK(text.packages == "packages: . lib ./vendored\n");
  CHECK(text.settings ==
        "source-repository-package\n  type: git\n  location: https://x.org/r.git\n  tag: 0123\n"
        "  subdir: one two\n"
        "source-repository-package\n  type: git\n  location: https://github.com/u/r\n  tag: 4567\n"
        "allow-newer: all\nallow-older: all\npackage own\n  flags: +dev -b\n");
}

TEST_CASE("what is passed over is known", "[haskell]") {
  CHECK(project("ghc-options:\n  \"$locals\": -Wall\nextra-lib-dirs: []\nextra-include-dirs: [a]")
            .passed_over == std::vector<std::string>{"ghc-options", "extra-include-dirs"});
  CHECK(project("nix: {enable: true}\nsystem-ghc: true\nuser-message: hello there\n")
            .passed_over.empty());
}

TEST_CASE("malformed and unsupported stack files", "[haskell]") {
  for (const char* text : {"", "- a", "just text", "flags: [a]", "flags: {../x: {a: true}}",
                           "flags: {a: {'b c': true}}", "packages: one", "packages: [[a]]",
                           "extra-deps: [{git: 'https://x.org/r'}]", "resolver: {size: 3}",
                           "snapshot: [a]", "packages: ['a b']", "extra-deps: [{hackage: a}]"}) {
    INFO(text);
    CHECK(error_of(text).id() == "stack::malformed");
    CHECK(error_of(text).why().find("line ") == 0);
  }
  for (const char* text :
       {"extra-deps: ['https://x.org/a-1.tar.gz']", "extra-deps: [./a.zip]",
        "extra-deps: [{url: 'https://x.org/a.zip'}]",
        "extra-deps: [{hg: 'https://x.org/a', commit: 1}]", "compiler: ghcjs-0.2.1_ghc-8.0.1"}) {
    INFO(text);
    CHECK(error_of(text).id() == "stack::unsupported");
  }
  CHECK(error_of([] { parse_stack_snapshot("packages: [./a]", "s"); }).id() == "stack::malformed");
  CHECK(error_of("a: [").id() == "yaml::malformed");
}
