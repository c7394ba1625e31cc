#include "layers/sandbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/log.h"
#include "base/text.h"
#include "layers/dependency_data.h"
#include "layers/os_packages.h"
#include "layers/tools.h"

namespace halcyon {
namespace {

constexpr const char* constraints_file = "cabal.config";
constexpr const char* index_file = "index-time";

// To find a sandbox takes at most 8 requests: 2 + 1 for the index + 2 + 3.
/// Manifests of exact ones with another label that are looked at in storage, at most.
constexpr std::size_t most_alternatives = 2;
/// Companions of sandboxes that the index has not, that are read at most.
constexpr std::size_t most_unknown = 2;
/// Similar ones whose manifests are looked at, at most.
constexpr std::size_t most_tried = 3;
/// Sandboxes that are added to the index at once: it may have been lost.
constexpr std::size_t most_added = 128;

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
  Depot& depot = *workspace().depot;
  std::vector<std::string> keys;
  if (place == Place::storage && depot.is_crowded(family())) {
    for (const std::string& name : known_index().with_digest(digest_)) {
      keys.push_back(family() + name);
    }
  } else {
    keys = depot.archives(family(), place);
  }
  std::erase_if(keys, [ending = "-" + digest_, ours = key()](const std::string& theirs) {
    return !without_archive_suffix(theirs).ends_with(ending) || theirs == ours;
  });
  if (place == Place::storage && keys.size() > most_alternatives) keys.resize(most_alternatives);
  return keys;
}

std::vector<std::string> SandboxLayer::outdated() const {
  const std::string ours = key();
  const std::string prefix = ours.substr(0, ours.rfind('-') + 1);
  std::vector<std::string> keys = workspace().depot->archives(prefix, Place::storage);
  std::erase_if(keys, [&](const std::string& theirs) {
    // After the label a digest and nothing else: what has more belongs to a longer label.
    return without_archive_suffix(theirs) == without_archive_suffix(ours) ||
           theirs.rfind('-') + 1 != prefix.size();
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

SandboxIndex SandboxLayer::read_index() const {
  try {
    const auto packed = workspace().depot->note(index_key());
    if (packed) return SandboxIndex::parse(*packed, index_key());
  } catch (const Error& error) {
    if (error.id() != "sandbox-index::malformed") throw;
    log::detail(
        fmt::format("Going on without the index of sandboxes: {}\n{}", error.what(), error.why()));
  }
  return {};
}

const SandboxIndex& SandboxLayer::known_index() const {
  if (!index_) index_ = read_index();
  return *index_;
}

/// The constraints that a candidate's companion has, when they are those of its name.
std::optional<Constraints> SandboxLayer::constraints_of(const std::string& key) const {
  const std::string label = key.substr(family().size());
  try {
    const auto text = workspace().depot->companion(key);
    if (!text) return {};
    Constraints constraints = Constraints::parse(*text, companion_name(key));
    if (without_archive_suffix(label).ends_with(constraints.digest())) return constraints;
    log::detail("Ignoring " + label + ": its constraints are not those of its name");
  } catch (const Error& error) {
    if (error.id() != "constraints::malformed") throw;
    log::detail(fmt::format("Ignoring {}: {}", label, error.what()));
  }
  return {};
}

void SandboxLayer::add(std::vector<Ranked>& ranked, const std::string& key) const {
  const auto candidate = constraints_of(key);
  if (!candidate) return;
  std::string reason;
  const auto points = score(*candidate, source_.constraints, &reason);
  if (points && *points > 0) return ranked.push_back({key, *points});
  log::detail(fmt::format("Ignoring {}: {}", key.substr(family().size()), reason));
}

/// The most promising ones. What a crowded storage has is known from the index only, unless `all`
/// of it is to be listed.
std::vector<SandboxLayer::Ranked> SandboxLayer::rank(bool all) const {
  Depot& depot = *workspace().depot;
  const Tag ours = tag();
  std::vector<Ranked> ranked;
  std::vector<std::string> cached = depot.archives(family(), Place::cache);
  std::erase_if(cached, [&](const std::string& key) {
    const auto found = depot.find_cached(key);
    return !found || !Tag::parse(found->manifest.tag, key).matches_except(ours, {"contents"});
  });
  for (const std::string& key : cached) add(ranked, key);
  const auto is_cached = [&cached](const std::string& key) {
    return std::binary_search(cached.begin(), cached.end(), key);
  };
  const bool is_listed = all || !depot.is_crowded(family());
  std::vector<std::string> stored;
  if (is_listed) stored = depot.archives(family(), Place::storage);
  std::erase_if(stored, is_cached);
  if (!is_listed || !stored.empty()) {
    const SandboxIndex& index = known_index();
    for (const auto& [name, points] :
         index.subsets(source_.constraints, SandboxIndex::kind_of(ours))) {
      const std::string key = family() + name;
      const bool is_stored = !is_listed || std::binary_search(stored.begin(), stored.end(), key);
      if (is_stored && !is_cached(key)) ranked.push_back({key, points});
    }
    std::erase_if(stored, [&](const std::string& key) {
      return index.has(std::string_view(key).substr(family().size()));
    });
    // Those of this app are the most promising ones.
    std::stable_partition(stored.begin(), stored.end(), [this](const std::string& key) {
      return key.starts_with(family() + source_.package.name + "-");
    });
    for (const std::string& key : std::span(stored).first(std::min(stored.size(), most_unknown))) {
      add(ranked, key);
    }
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : natural_less(b.key, a.key);
  });
  ranked.resize(std::min(ranked.size(), most_tried));
  for (const Ranked& candidate : ranked) {
    log::detail(fmt::format("{:>7} {}", candidate.score, candidate.key.substr(family().size())));
  }
  return ranked;
}

/// The first one that is there and can be extended to ours.
std::optional<Similar> SandboxLayer::best_of(const std::vector<Ranked>& ranked) const {
  const Tag ours = tag();
  for (const Ranked& candidate : ranked) {
    auto found = workspace().depot->find(candidate.key);
    if (!found) continue;
    const Tag theirs = Tag::parse(found->manifest.tag, candidate.key);
    if (!theirs.matches_except(ours, {"contents"})) continue;
    const std::string label = candidate.key.substr(family().size());
    return Similar{std::move(*found),
                   fmt::format("{} of {} packages are in {}", candidate.score,
                               source_.constraints.size(), label.substr(0, label.rfind('-') + 8))};
  }
  return {};
}

std::vector<Similar> SandboxLayer::similar() const {
  if (!ranked_) ranked_ = rank(false);
  auto best = best_of(*ranked_);
  if (!best && workspace().depot->is_crowded(family())) {
    // The index may lack some. A long listing takes seconds, to compile everything hours.
    ranked_ = rank(true);
    best = best_of(*ranked_);
  }
  if (!best) return {};
  return {std::move(*best)};
}

void SandboxLayer::stored() const {
  try {
    update_index();
  } catch (const Error& error) {  // it is only a help
    log::warning(
        fmt::format("Cannot write the index of sandboxes: {}\n{}", error.what(), error.why()));
  }
}

void SandboxLayer::update_index() const {
  Depot& depot = *workspace().depot;
  // What the index has was stored before: the listing comes after.
  SandboxIndex index = read_index();
  depot.list_anew(index_key());
  const std::vector<std::string> keys = depot.archives(family(), Place::storage);
  index.keep_if([&](const std::string& name) {
    return std::binary_search(keys.begin(), keys.end(), family() + name);
  });
  index.set(key().substr(family().size()), SandboxIndex::kind_of(tag()),
            source_.constraints.normalised());
  std::size_t added = 0;
  for (const std::string& key : keys) {
    const std::string name = key.substr(family().size());
    if (index.has(name)) continue;
    if (++added > most_added) break;
    index.set(name, "-", "");  // stays when it cannot be read: it is not looked at again
    try {
      const auto theirs = depot.stored_tag(key);
      const auto constraints = theirs ? constraints_of(key) : std::nullopt;
      if (!constraints) continue;
      index.set(name, SandboxIndex::kind_of(Tag::parse(*theirs, key)), constraints->normalised());
    } catch (const Error& error) {
      if (error.id() != "tag::malformed") throw;
    }
  }
  depot.write_note(index_key(), index.pack());
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
