#include "layers/cabal.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/archive.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "layers/ghc.h"
#include "layers/tools.h"

namespace halcyon {
namespace {

constexpr std::chrono::hours reuse_time{24};
constexpr std::size_t timestamp_length = 14;

/// The file called `cabal` in an unpacked distribution.
fs::path find_cabal(const fs::path& dir) {
  for (const fs::path& path : walk(dir)) {
    if (path.filename() == "cabal" && fs::is_regular_file(fs::symlink_status(dir / path))) {
      return dir / path;
    }
  }
  throw Error("cabal::odd-distribution", "The cabal-install distribution is not of the usual shape")
      .why("Expected a program called cabal in it");
}

}  // namespace

CabalRepo CabalRepo::parse(const std::string& text) {
  const std::size_t colon = text.find(':');
  return {text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
}

PlainCabalLayer::PlainCabalLayer(const Workspace& workspace, const std::string& version)
    : Layer(workspace) {
  const Release* release = workspace.catalog->cabal(version);
  const Distribution* distribution =
      release == nullptr ? nullptr : Catalog::distribution(*release, workspace.os);
  if (distribution == nullptr || distribution->sha256.empty()) {
    throw Error("cabal::unknown-version",
                fmt::format("The catalog has no distribution of cabal-install {} for {}", version,
                            workspace.os))
        .fix(known_versions_advice(workspace.catalog->cabal_versions()));
  }
  release_ = *release;
  distribution_ = *distribution;
}

Tag PlainCabalLayer::tag() const {
  return base_tag("cabal-" + release_.version, workspace().hooks.digest(name()))
      .add("original-sha256", distribution_.sha256);
}

std::string PlainCabalLayer::archive_name() const {
  return fmt::format("halcyon-cabal-{}{}", id(), archive_suffix(format()));
}

std::string PlainCabalLayer::id() const {
  return workspace().hooks.qualified(release_.version, name());
}

std::string PlainCabalLayer::problem(const fs::path& dir) const {
  return fs::exists(dir / "bin" / "cabal") ? "" : "it has no bin/cabal";
}

void PlainCabalLayer::build() {
  const Workspace& ws = workspace();
  const fs::path original =
      ws.depot->original(distribution_.url, distribution_.file_name(), distribution_.sha256);
  const TempDir work(ws.temp(), "cabal-");
  const fs::path source = work.path() / "source";
  FileSource file(original);
  unpack(file, source, dir());
  run_hook("pre-build", {ws.hooks.source_dir.string(), dir().string()}, source);
  const fs::path tree = work.path() / "cabal";
  fs::create_directories(tree / "bin");
  fs::rename(find_cabal(source), tree / "bin" / "cabal");
  fs::permissions(tree / "bin" / "cabal", fs::perms(0755));
  strip_tree(ws, tree);
  fs::rename(tree, dir());
  run_hook("post-build", {ws.hooks.source_dir.string(), dir().string()}, dir());
  Command version;
  version.argv = {(dir() / "bin" / "cabal").string(), "--numeric-version"};
  version.env = ws.tools();
  version.output = Output::capture;
  const Outcome outcome = run(version);
  if (!outcome.ok() || trim(outcome.out) != release_.version) {
    throw Error("cabal::not-working", "cabal-install " + release_.version + " does not work here")
        .why(outcome.errors.empty() ? "It says that it is version " + outcome.out : outcome.errors);
  }
}

UpdatedCabalLayer::UpdatedCabalLayer(const Workspace& workspace, Keeper& keeper,
                                     const std::string& version, CabalRepo repo, bool any_age)
    : Layer(workspace),
      keeper_(keeper),
      plain_(workspace, version),
      repo_(std::move(repo)),
      any_age_(any_age),
      timestamp_(format_timestamp(workspace.now())) {}

Tag UpdatedCabalLayer::tag() const {
  return plain_.tag()
      .add("repo", repo_.name + ":" + log::redact(repo_.url))
      .add("updated", timestamp_);
}

bool UpdatedCabalLayer::is_fresh(const std::string& timestamp) const {
  const auto time = parse_timestamp(timestamp);
  if (!time) return false;
  const bool reached = timestamp >= required_.latest;
  // A state in the future cannot be reached: cabal takes what there is.
  if (!reached && required_.latest <= timestamp_) return false;
  if (any_age_ || (required_.exact && reached)) return true;
  // A time in the near future is another machine's clock; one far off is of a clock that was wrong,
  // and not fresh until then.
  const auto age = workspace().now() - *time;
  return age < reuse_time && -age < reuse_time;
}

void UpdatedCabalLayer::require(const IndexState& state) {
  required_.exact = state.exact && required_.latest <= state.latest;
  required_.latest = std::max(required_.latest, state.latest);
}

bool UpdatedCabalLayer::accepts(const Tag& found) const {
  return found.matches_except(tag(), {"updated"}) && is_fresh(found.get("updated"));
}

std::string UpdatedCabalLayer::archive_name() const {
  return fmt::format("halcyon-cabal-{}-{}{}", plain_.id(), timestamp_, archive_suffix(format()));
}

std::vector<std::pair<std::string, std::string>> UpdatedCabalLayer::siblings(Place place) const {
  const std::string prefix = workspace().key("halcyon-cabal-" + plain_.id() + "-");
  std::vector<std::pair<std::string, std::string>> found;
  for (const std::string& key : workspace().depot->archives(prefix, place)) {
    if (without_archive_suffix(key).size() == prefix.size() + timestamp_length) {
      found.emplace_back(key.substr(prefix.size(), timestamp_length), key);
    }
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

std::vector<std::string> UpdatedCabalLayer::alternatives(Place place) const {
  std::vector<std::string> keys;
  for (const auto& [timestamp, key] : siblings(place)) {
    if (is_fresh(timestamp)) keys.push_back(key);
  }
  return keys;
}

std::vector<std::string> UpdatedCabalLayer::outdated() const {
  std::vector<std::string> keys;
  for (const auto& [timestamp, key] : siblings(Place::storage)) {
    if (timestamp < timestamp_) keys.push_back(key);
  }
  return keys;
}

bool UpdatedCabalLayer::replaces(const Tag& theirs) const {
  return theirs.matches_except(tag(), {"updated"});
}

std::string UpdatedCabalLayer::problem(const fs::path& dir) const {
  if (!fs::exists(dir / "packages" / repo_.name)) return "it has no package index";
  return plain_.problem(dir);
}

std::vector<Similar> UpdatedCabalLayer::similar() const {
  const UpdatedCabalLayer old(workspace(), keeper_, plain_.version(), repo_, true);
  std::vector<std::string> keys;
  for (const Place place : {Place::cache, Place::storage}) {
    const std::vector<std::string> more = old.alternatives(place);
    keys.insert(keys.end(), more.begin(), more.end());
  }
  std::stable_sort(keys.rbegin(), keys.rend());  // the newest first
  keys.push_back(plain_.key());
  for (const std::string& key : keys) {
    auto found = workspace().depot->find(key);
    if (!found) continue;
    const Tag found_tag = Tag::parse(found->manifest.tag, key);
    if (old.accepts(found_tag)) return {{std::move(*found), "its package index is out of date"}};
    if (plain_.accepts(found_tag)) return {{std::move(*found), "it has no package index yet"}};
  }
  return {};
}

void UpdatedCabalLayer::build() {
  keeper_.realise(plain_, rebuild_plain_);
  fs::remove(dir() / "tag");
  update();
}

void UpdatedCabalLayer::update() {
  const Workspace& ws = workspace();
  ws.hooks.run(ws, "cabal-pre-update", {}, dir());
  const Stopwatch watch;
  log::begin("Updating the package index from " + log::redact(repo_.url));
  Command update = cabal_command(ws, repo_, {"v2-update"});
  update.output = Output::file;
  update.log_file = ws.log_file("cabal");
  try {
    run_tool(ws, "update the package index", "cabal::update-failed", update);
  } catch (Error& error) {
    error.fix("Check that " + log::redact(repo_.url) +
              " can be reached, and HALCYON_CABAL_REPO; try again");
    throw;
  }
  log::end(watch.done());
  ws.hooks.run(ws, "cabal-post-update", {}, dir());
}

std::string index_time(const Workspace& workspace) {
  const fs::path tag = workspace.layer_dir("cabal") / "tag";
  return Tag::parse(read_file(tag), tag.string()).get("updated");
}

fs::path write_cabal_config(const Workspace& workspace, const CabalRepo& repo) {
  std::string text = fmt::format("repository {}\n  url: {}\n", repo.name, repo.url);
  // cabal knows the root keys of the public Hackage; other repositories are not signed.
  if (repo.name != "hackage.haskell.org") text += "  secure: False\n";
  if (repo.url.starts_with("http://")) text += "http-transport: plain-http\n";
  const fs::path packages = workspace.layer_dir("cabal") / "packages";
  const fs::path sandbox = workspace.layer_dir("sandbox");
  const fs::path scratch = workspace.temp();
  text += fmt::format(
      "remote-repo-cache: {}\nstore-dir: {}\nlogs-dir: {}\nworld-file: {}\nbuild-summary: {}\n"
      "symlink-bindir: {}\ninstalldir: {}\n",
      packages.string(), (sandbox / "store").string(), (scratch / "logs").string(),
      (scratch / "world").string(), (scratch / "logs" / "build.log").string(),
      (scratch / "bin").string(), (scratch / "bin").string());
  text += fmt::format(
      "jobs: {}\ndocumentation: False\ntests: False\nbenchmarks: False\noptimization: True\n"
      "library-vanilla: True\nshared: True\nlibrary-profiling: False\nprofiling: False\n"
      "debug-info: False\nlibrary-stripping: True\nexecutable-stripping: True\n",
      workspace.jobs);
  fs::path file = workspace.root() / "cabal.config";
  write_file_lightly(file, text);
  return file;
}

Command cabal_command(const Workspace& workspace, const CabalRepo& repo,
                      const std::vector<std::string>& words) {
  Command command;
  command.argv = {(workspace.layer_dir("cabal") / "bin" / "cabal").string(),
                  "--config-file=" + write_cabal_config(workspace, repo).string()};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.env = workspace.tools();
  command.env["CABAL_DIR"] = (workspace.temp() / "home" / ".cabal").string();
  return command;
}

}  // namespace halcyon
