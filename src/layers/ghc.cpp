#include "layers/ghc.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "archive/archive.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "layers/tools.h"

namespace halcyon {
namespace {

/// The one directory that an original distribution unpacks to.
fs::path only_directory(const fs::path& dir) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.is_directory()) found.push_back(entry.path());
  }
  if (found.size() != 1 || !fs::exists(found.front() / "configure")) {
    throw Error("ghc::odd-distribution", "The GHC distribution is not of the usual shape")
        .why("Expected one directory with a configure script in it");
  }
  return found.front();
}

/// What no program that is built here needs: profiling, documentation, and libraries as one object
/// (HSbase-4.15.1.0.o), which are for a GHCi that cannot load shared ones. Without them it takes
/// the static library.
bool is_unused(const fs::path& path, const std::vector<fs::path>& all) {
  const std::string name = path.filename().string();
  for (const char* ending : {".p_hi", "_p.a", ".p_dyn_hi", ".haddock", "ghc-iserv-prof"}) {
    if (name.ends_with(ending)) return true;
  }
  if (!name.starts_with("HS") || !name.ends_with(".o")) return false;
  return std::any_of(all.begin(), all.end(),
                     [shared = "lib" + path.stem().string() + "-ghc"](const fs::path& other) {
                       return other.filename().string().starts_with(shared);
                     });
}

}  // namespace

std::string known_versions_advice(const std::vector<std::string>& versions) {
  return fmt::format(
      "Known versions: {}\n"
      "Another one can be named by its version, its URL and its SHA-256:\n"
      "  heroku config:set HALCYON_GHC_VERSION=... HALCYON_GHC_URL=... HALCYON_GHC_SHA256=...\n"
      "(likewise HALCYON_CABAL_...), or in a catalog of your own:\n"
      "  heroku config:set HALCYON_CATALOG=<URL or path of a catalog.json>",
      join(versions, " "));
}

GhcLayer::GhcLayer(const Workspace& workspace, const std::string& version) : Layer(workspace) {
  const Release* release = workspace.catalog->ghc(version);
  if (release == nullptr) {
    throw Error("ghc::unknown-version", "GHC " + version + " is not in the catalog")
        .fix(known_versions_advice(workspace.catalog->ghc_versions()));
  }
  const Distribution* distribution = Catalog::distribution(*release, workspace.os);
  if (distribution == nullptr) {
    throw Error("ghc::unknown-version",
                "The catalog has no distribution of GHC " + version + " for " + workspace.os)
        .fix(known_versions_advice(workspace.catalog->ghc_versions()));
  }
  release_ = *release;
  distribution_ = *distribution;
}

Tag GhcLayer::tag() const {
  return base_tag("ghc-" + release_.version, workspace().hooks.digest(name()))
      .add("original-sha256", distribution_.sha256);
}

std::string GhcLayer::archive_name() const {
  return fmt::format("halcyon-ghc-{}{}", workspace().hooks.qualified(release_.version, name()),
                     archive_suffix(format()));
}

std::string GhcLayer::problem(const fs::path& dir) const {
  for (const char* program : {"bin/ghc", "bin/ghc-pkg"}) {
    if (!fs::exists(fs::symlink_status(dir / program))) return std::string("it has no ") + program;
  }
  return {};
}

void GhcLayer::build() {
  const Workspace& ws = workspace();
  if (distribution_.sha256.empty()) {
    throw Error("ghc::no-checksum", "The catalog has no checksum for GHC " + release_.version)
        .fix(known_versions_advice(ws.catalog->ghc_versions()));
  }
  const fs::path original =
      ws.depot->original(distribution_.url, distribution_.file_name(), distribution_.sha256);
  const TempDir work(ws.temp(), "ghc-");
  Stopwatch watch;
  log::begin("Unpacking " + distribution_.file_name());
  FileSource file(original);
  UnpackOptions options;
  options.threads = ws.jobs;
  const ArchiveStats stats = unpack(file, work.path() / "source", dir(), options);
  log::end(watch.done(stats.tree_bytes));

  const fs::path source = only_directory(work.path() / "source");
  const fs::path stage = work.path() / "stage";
  run_hook("pre-build", {ws.hooks.source_dir.string(), dir().string()}, source);
  watch = {};
  log::begin("Installing GHC " + release_.version);
  Command configure;
  configure.argv = {"./configure", "--prefix=" + dir().string()};
  configure.dir = source;
  configure.output = Output::file;
  configure.log_file = ws.log_file("ghc");
  run_tool(ws, "configure GHC " + release_.version, "ghc::configure-failed", configure);
  Command install = configure;
  install.argv = {"make", "install", "DESTDIR=" + stage.string()};
  run_tool(ws, "install GHC " + release_.version, "ghc::install-failed", install);
  remove_tree(source);
  const fs::path tree = stage / dir().relative_path();
  const std::uint64_t before = tree_size(tree);
  trim(tree);
  strip_tree(ws, tree);
  make_settings_portable(tree);
  link_libraries(tree);
  log::end(watch.done(before));
  fs::rename(tree, dir());
  run_hook("post-build", {ws.hooks.source_dir.string(), dir().string()}, dir());
  watch = {};
  log::begin("Checking GHC " + release_.version);
  Command recache;
  recache.argv = {(dir() / "bin" / "ghc-pkg").string(), "recache", "--global"};
  recache.output = Output::file;
  recache.log_file = ws.log_file("ghc");
  run_tool(ws, "register GHC's libraries", "ghc::recache-failed", recache);
  Command version;
  version.argv = {(dir() / "bin" / "ghc").string(), "--numeric-version"};
  version.env = ws.tools();
  version.output = Output::capture;
  const Outcome outcome = run(version);
  if (!outcome.ok() || halcyon::trim(outcome.out) != release_.version) {
    throw Error("ghc::not-working", "The installed GHC " + release_.version + " does not work")
        .why(outcome.errors.empty() ? "It says that it is version " + outcome.out : outcome.errors);
  }
  log::end(watch.done());
}

void GhcLayer::trim(const fs::path& tree) const {
  remove_tree(tree / "share" / "doc");
  remove_tree(tree / "share" / "man");
  const std::vector<fs::path> all = walk(tree);
  for (const fs::path& path : all) {
    if (is_unused(path, all)) fs::remove(tree / path);
  }
}

// The tools that configure found stand at other places on other machines of the same stack (the
// toolchain layer's wrappers): GHC shall look them up on PATH.
void GhcLayer::make_settings_portable(const fs::path& tree) const {
  static const std::regex absolute_tool(R"re(("[^"]*command", *")(/[^"]*/)([^"/ ]+"))re");
  for (const fs::path& path : walk(tree)) {
    if (path.filename() != "settings") continue;
    const std::string text = read_file(tree / path);
    const std::string portable = std::regex_replace(text, absolute_tool, "$1$3");
    if (portable != text) write_file(tree / path, portable);
  }
}

// Machines that run apps have libtinfo.so.6 but no libtinfo.so, which the linker asks for: it gets
// linker scripts from us. LIBRARY_PATH leads here (Workspace::tools).
void GhcLayer::link_libraries(const fs::path& tree) const {
  for (const auto& [name, file] :
       {std::pair{"libtinfo.so", "libtinfo.so.6"}, std::pair{"libncursesw.so", "libncursesw.so.6"},
        std::pair{"libnuma.so", "libnuma.so.1"}, std::pair{"libgmp.so", "libgmp.so.10"}}) {
    for (const char* place :
         {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu"}) {
      const fs::path target = fs::path(place) / file;
      if (!fs::exists(target)) continue;
      write_file(tree / "lib-links" / name, fmt::format("INPUT({})\n", target.string()));
      break;
    }
  }
}

}  // namespace halcyon
