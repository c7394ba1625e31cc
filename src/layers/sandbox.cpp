#include "layers/sandbox.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "layers/dependency_data.h"
#include "layers/os_packages.h"
#include "layers/tools.h"

namespace halcyon {
namespace {

constexpr const char* constraints_file = "cabal.config";
constexpr const char* index_file = "index-time";

}  // namespace

SandboxLayer::SandboxLayer(const Workspace& workspace, const AppSource& source, const Tag& ghc_tag,
                           std::string ghc_version, std::string cabal_version, CabalRepo repo)
    : Layer(workspace),
      source_(source),
      ghc_original_(ghc_tag.get("original-sha256")),
      ghc_version_(std::move(ghc_version)),
      cabal_version_(std::move(cabal_version)),
      repo_(std::move(repo)),
      digest_(source.constraints.digest()) {}

Tag SandboxLayer::tag() const {
  return base_tag(fmt::format("ghc-{} {}", ghc_version_, digest_))
      .add("ghc-original-sha256", ghc_original_)
      .add("cabal", cabal_version_)
      .add("settings", cabal_settings_version);
}

std::string SandboxLayer::family() const {
  return workspace().key("halcyon-sandbox-" + ghc_version_ + "-");
}

std::string SandboxLayer::archive_name() const {
  return fmt::format("halcyon-sandbox-{}-{}-{}{}", ghc_version_, source_.package.label(), digest_,
                     archive_suffix(format()));
}

std::vector<std::string> SandboxLayer::alternatives(Place place) const {
  std::vector<std::string> keys = workspace().depot->archives(family(), place);
  const std::string ending = fmt::format("-{}{}", digest_, archive_suffix(format()));
  std::erase_if(keys, [&ending](const std::string& key) { return !key.ends_with(ending); });
  return keys;
}

std::vector<std::string> SandboxLayer::outdated() const {
  const std::string ours = key();
  const std::string_view suffix = archive_suffix(format());
  const std::string prefix = ours.substr(0, ours.rfind('-') + 1);
  std::vector<std::string> keys = workspace().depot->archives(prefix, Place::storage);
  std::erase_if(keys, [&](const std::string& theirs) {
    // After the label a digest and nothing else: what has more belongs to a longer label.
    return theirs == ours || !theirs.ends_with(suffix) || theirs.rfind('-') + 1 != prefix.size();
  });
  return keys;
}

std::string SandboxLayer::problem(const fs::path& dir) const {
  return fs::exists(dir / constraints_file) ? "" : "it has no cabal.config";
}

std::optional<std::string> SandboxLayer::companion() const { return source_.constraints.format(); }

bool SandboxLayer::skips(const fs::path& path) const {
  return path.filename() == "incoming" || is_shown_data(dir(), path);
}

std::vector<SandboxLayer::Ranked> SandboxLayer::rank() const {
  std::vector<Ranked> ranked;
  const std::string_view suffix = archive_suffix(format());
  for (const std::string& key : workspace().depot->archives(family())) {
    if (!key.ends_with(suffix)) continue;
    const std::string label =
        key.substr(family().size(), key.size() - family().size() - suffix.size());
    try {
      const auto text = workspace().depot->companion(key);
      if (!text) continue;
      const Constraints candidate = Constraints::parse(*text, companion_name(key));
      if (!label.ends_with(candidate.digest())) {
        log::detail("Ignoring " + label + ": its constraints are not those of its name");
        continue;
      }
      std::string reason;
      const auto points = score(candidate, source_.constraints, &reason);
      if (!points || *points == 0) {
        log::detail(fmt::format("Ignoring {}: {}", label, reason));
        continue;
      }
      log::detail(fmt::format("{:>7} {}", *points, label));
      ranked.push_back({key, *points});
    } catch (const Error& error) {
      if (error.id() != "constraints::malformed") throw;
      log::detail(fmt::format("Ignoring {}: {}", label, error.what()));
    }
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : natural_less(b.key, a.key);
  });
  return ranked;
}

std::vector<Similar> SandboxLayer::similar() const {
  if (!ranked_) ranked_ = rank();
  const Tag ours = tag();
  for (const Ranked& candidate : *ranked_) {
    auto found = workspace().depot->find(candidate.key);
    if (!found) continue;
    const Tag theirs = Tag::parse(found->manifest.tag, candidate.key);
    if (!theirs.matches_except(ours, {"contents"})) continue;
    const std::string label = candidate.key.substr(family().size());
    return {{std::move(*found),
             fmt::format("{} of {} packages are in {}", candidate.score, source_.constraints.size(),
                         label.substr(0, label.rfind('-') + 8))}};
  }
  return {};
}

std::string SandboxLayer::index_time() const {
  return std::string(trim(read_file_if_any(dir() / index_file, 1U << 10U).value_or("")));
}

void SandboxLayer::build() {
  if (before_) before_();
  install_dependencies();
}

void SandboxLayer::extend() {
  fs::remove(dir() / constraints_file);
  install_dependencies();
}

void SandboxLayer::install_dependencies() const {
  const Workspace& ws = workspace();
  const TempDir work(ws.temp(), "sandbox-");
  const fs::path copy = work.path() / "source";
  copy_tree(source_.dir, copy, is_not_copied);
  write_constraints(source_, copy);
  fs::create_directories(dir() / "store");
  if (!source_.extra_libs.empty() && !fs::exists(dir() / "usr")) {
    install_os_packages(ws, source_.extra_libs, dir());
  }
  offer_source_distributions(ws);
  run_hook("pre-build", {copy.string(), source_.constraints.normalised()}, copy);
  // Here, because cabal remembers by absolute path what it fetched from version control: the app is
  // compiled without fetching it again.
  const fs::path dist = dir() / "dist";
  Command command =
      project_command(ws, repo_, copy, dist, {"v2-build", "--only-dependencies", "all"});
  command.argv.insert(command.argv.end(), source_.configure_flags.begin(),
                      source_.configure_flags.end());
  choose_components(command, source_);
  command.log_file = ws.log_file("sandbox");
  run_tool(ws, "build the dependencies of " + source_.package.label(), "sandbox::build-failed",
           command);
  fs::create_directories(dist);
  for (const auto& entry : fs::directory_iterator(dist)) {
    if (entry.path() != fetched_sources(dist)) remove_tree(entry.path());
  }
  run_hook("post-build", {copy.string(), source_.constraints.normalised()}, copy);
  keep_source_distributions(ws, repo_, source_.constraints);
  write_file(dir() / index_file, halcyon::index_time(ws) + "\n");
  write_file(dir() / constraints_file, source_.constraints.format());
}

}  // namespace halcyon
