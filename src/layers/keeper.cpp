#include "layers/keeper.h"

#include <fmt/format.h>

#include <utility>

#include "archive/archive.h"
#include "archive/earlier_archive.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "layers/layer_check.h"

namespace halcyon {
namespace {

/// The tag of a layer's directory, when it has a readable one.
std::optional<Tag> read_tag(const fs::path& dir) {
  try {
    const auto text = read_file_if_any(dir / tag_file, 1U << 20U);
    if (!text) return {};
    return Tag::parse(*text, (dir / tag_file).string());
  } catch (const Error&) {
    return {};
  }
}

/// Whether the layer's directory is what an archive would be unpacked to.
bool has_tree_of(const Layer& layer, const Found& found) {
  return read_tag(layer.dir()) == Tag::parse(found.manifest.tag, found.key) &&
         layer.problem(layer.dir()).empty();
}

/// Remembers which archive a layer on disk came from, so that the cache keeps it.
fs::path origin_file(const Layer& layer) {
  return layer.workspace().root() / "origin" / layer.name();
}

/// Removes what a failed build left. Needs no space: the disk may be full.
void discard_half_done(const fs::path& dir) {
  std::error_code ignored;
  fs::remove(dir / tag_file, ignored);
  try {
    remove_tree(dir);
  } catch (const Error&) {  // without a tag it is no layer, and the next build removes it
  }
}

/// The archive at one place that can be used as it is: the one of our name, else another one.
std::optional<Found> find_acceptable(const Layer& layer, Place place) {
  Depot& depot = *layer.workspace().depot;
  const Tag ours = layer.tag();
  const auto acceptable = [&](const std::string& key) {
    auto found = place == Place::cache ? depot.find_cached(key) : depot.find_stored(key);
    if (!found) return found;
    const Tag theirs = Tag::parse(found->manifest.tag, key);
    if (layer.accepts(theirs)) return found;
    // Another source, prefix or index is to be expected under the same name; another layer is not.
    if (theirs.get("tier") != ours.get("tier") || theirs.get("contents") != ours.get("contents")) {
      depot.distrust(*found, fmt::format("it is the archive of another layer, {} {}",
                                         theirs.get("tier"), theirs.get("contents")));
    }
    return std::optional<Found>();
  };
  for (const std::string& key : names_in_all_formats(layer.key())) {
    if (auto found = acceptable(key)) return found;
  }
  for (const std::string& key : layer.alternatives(place)) {
    if (auto found = acceptable(key)) return found;
  }
  return {};
}

/// The archive that a layer was made from, where it can help to make the layer's own: it is in the
/// cache, and packed in the same way.
std::unique_ptr<EarlierArchive> packed_before(const Layer& layer, const Found& found) {
  const Workspace& workspace = layer.workspace();
  const fs::path file = workspace.depot->file(found.key);
  if (!found.key.ends_with(archive_suffix(layer.format())) || !fs::exists(file)) return nullptr;
  return std::make_unique<EarlierArchive>(file, found.manifest.sha256, layer.format(),
                                          workspace.jobs);
}

using Names = std::vector<std::string>;

/// What comes first in a layer's archive.
Names first_of(const Layer& layer) {
  Names first = layer.deployed_part();
  first.insert(first.begin(), tag_file);
  return first;
}

}  // namespace

std::string_view to_string(Means means) {
  switch (means) {
    case Means::existing:
      return "already there";
    case Means::cached:
      return "restored from the cache";
    case Means::stored:
      return "restored from storage";
    case Means::extended:
      return "extended";
    case Means::built:
      return "built";
  }
  return "";
}

void Keeper::tell(const LayerEvent& event) const {
  for (const Observer& observer : observers_) observer(event);
}

Step Keeper::plan(const Layer& layer, bool rebuild) const {
  if (rebuild) return {Means::built, {}, "asked to rebuild"};
  if (const auto tag = read_tag(layer.dir())) {
    if (layer.accepts(*tag) && layer.problem(layer.dir()).empty()) {
      return {Means::existing, {}, "the tag matches"};
    }
  }
  for (const Place place : {Place::cache, Place::storage}) {
    if (auto found = find_acceptable(layer, place)) {
      const Means means = place == Place::cache ? Means::cached : Means::stored;
      return {means, std::move(found), "the tag matches"};
    }
  }
  auto similar = layer.similar();
  if (!similar.empty()) {
    return {Means::extended, std::move(similar.front().found), std::move(similar.front().reason)};
  }
  return {Means::built, {}, "none like it in cache or storage"};
}

bool Keeper::is_stored(const Layer& layer) const {
  return find_acceptable(layer, Place::storage).has_value();
}

Step Keeper::realise(Layer& layer, bool rebuild, bool may_build) {
  return realise(layer, rebuild, may_build, Extent::all);
}

Step Keeper::realise_deployed_part(Layer& layer) {
  return realise(layer, false, false, Extent::deployed_part);
}

Step Keeper::realise(Layer& layer, bool rebuild, bool may_build, Extent extent) {
  const Workspace& workspace = layer.workspace();
  for (;;) {
    Step step = plan(layer, rebuild);
    follow_unpacker(layer, step);
    if (step.builds() && !may_build) {
      throw Error("layer::missing", "The " + layer.describe() + " layer is missing")
          .why(step.reason)
          .exit(Exit::build_needed);
    }
    const Stopwatch watch;
    const std::uint64_t bytes = step.source ? step.source->manifest.bytes : 0;
    tell({layer.name(), step.means, {}, layer.describe(), bytes});
    try {
      switch (step.means) {
        case Means::existing:
          log::detail("Using the existing " + layer.describe() + " layer");
          hold_existing(layer);
          break;
        case Means::cached:
        case Means::stored: {
          const Tag tag = Tag::parse(step.source->manifest.tag, step.source->key);
          restore(layer, *step.source, tag, extent);
          workspace.depot->keep(step.source->key);
          write_file_lightly(origin_file(layer), step.source->key);
          if (step.means == Means::cached) workspace.depot->complete(step.source->key, tag.text());
          break;
        }
        case Means::extended:
        case Means::built:
          make(layer, step);
          break;
      }
      tell({layer.name(), step.means, watch.elapsed(), layer.describe(), bytes});
      return step;
    } catch (const Error& error) {
      const bool archive_is_wrong =
          step.source && (error.id().starts_with("archive::") || error.id() == "depot::corrupt");
      if (!archive_is_wrong) throw;
      workspace.depot->distrust(*step.source, what_and_why(error));
    }
  }
}

/// What is being unpacked ahead may be in the cache by now: it came from storage nevertheless.
void Keeper::follow_unpacker(const Layer& layer, Step& step) const {
  const auto unpacker = unpacker_.lock();
  if (!unpacker || !step.source) return;
  const Found* source = unpacker->source(step.source->key, layer.dir());
  if (source == nullptr) return;
  step.source = *source;
  if (step.means == Means::cached && source->place == Place::storage) step.means = Means::stored;
}

std::shared_ptr<Unpacker> Keeper::restore_ahead(const std::vector<const Layer*>& layers) {
  if (!unpacker_.expired()) return nullptr;
  bool is_first = true;  // is restored, or built, by the thread that asks
  std::vector<Unpacking> work;
  for (const Layer* layer : layers) {
    Step step = plan(*layer);
    if (step.means == Means::existing || std::exchange(is_first, false)) continue;
    if (!step.source || has_tree_of(*layer, *step.source)) continue;
    // One thread takes long to unpack much xz: later, it has all processors.
    constexpr std::uint64_t much = 16U << 20U;
    const bool is_xz = step.source->key.ends_with(archive_suffix(Format::xz));
    if (is_xz && step.source->manifest.bytes > much) continue;
    work.push_back({std::move(*step.source), layer->dir()});
  }
  if (work.empty()) return nullptr;
  auto unpacker = std::make_shared<Unpacker>(layers.front()->workspace(), std::move(work));
  unpacker_ = unpacker;
  return unpacker;
}

void Keeper::restore(const Layer& layer, const Found& found, const Tag& expected,
                     Extent extent) const {
  const Workspace& workspace = layer.workspace();
  const bool cached = found.place == Place::cache;
  const std::string what = fmt::format("Restoring the {} layer", layer.describe());
  cached ? log::begin(what) : log::detail(what);
  const bool all = extent == Extent::all;
  const auto unpacker = all ? unpacker_.lock() : nullptr;
  auto unpacked = unpacker ? unpacker->take(found.key, layer.dir()) : std::nullopt;
  if (!unpacked) {
    unpacked.emplace(
        unpack_layer(workspace, {found, layer.dir(), all ? Names() : first_of(layer)}));
  }
  if (cached) log::end(Stopwatch::done(unpacked->bytes, unpacked->took));
  const fs::path& tree = unpacked->tree;
  if (read_tag(tree) != expected) {
    throw Error("archive::foreign", "Its tag is not the one of its manifest");
  }
  if (const std::string problem = layer.problem(tree); !problem.empty()) {
    throw Error("archive::foreign", problem);
  }
  if (!all) fs::remove(tree / tag_file);
  remove_layer(workspace, layer.dir());
  fs::rename(tree, layer.dir());
}

void Keeper::make(Layer& layer, const Step& step) const {
  try {
    make_tree(layer, step);
  } catch (...) {
    discard_half_done(layer.dir());
    throw;
  }
  archive(layer, layer.key(), layer.tag(), step.source);
}

void Keeper::hold_existing(const Layer& layer) const {
  Depot& depot = *layer.workspace().depot;
  const std::string origin = read_file_if_any(origin_file(layer)).value_or("");
  const std::string key = origin.empty() ? layer.key() : origin;
  depot.keep(key);
  if (!fs::exists(layer.dir() / list_file))
    write_list(layer);  // interrupted, or an older version's
  // The run that built it may have failed to archive or upload it, or had another storage.
  const auto tag = read_tag(layer.dir());
  if (!tag || depot.complete(key, tag->text())) return;
  if (*tag == layer.tag()) return archive(layer, layer.key(), *tag);
  if (origin.empty()) return;
  const std::string suffix(archive_suffix(layer.format()));
  archive(layer, std::string(without_archive_suffix(origin)) + suffix, *tag);
}

void Keeper::make_tree(Layer& layer, const Step& step) const {
  const Workspace& workspace = layer.workspace();
  const Stopwatch watch;
  bool done = false;
  if (step.means == Means::extended) {
    log::step(fmt::format("Extending the {} layer: {}", layer.describe(), step.reason));
    if (has_tree_of(layer, *step.source)) {
      log::detail("It is there already");
    } else {
      restore(layer, *step.source, Tag::parse(step.source->manifest.tag, step.source->key));
    }
    fs::remove(layer.dir() / tag_file);
    try {
      layer.extend();
      done = true;
    } catch (const Error& error) {
      if (!layer.rebuilds_after_failed_extension()) throw;
      log::warning(
          fmt::format("Cannot extend: {}\n{}\nBuilding from scratch.", error.what(), error.why()));
    }
  }
  if (!done) {
    log::step("Building the " + layer.describe() + " layer");
    remove_layer(workspace, layer.dir());
    layer.build();
  }
  fs::remove(layer.dir() / list_file);  // that of what it was made from
  if (const std::string problem = layer.problem(layer.dir()); !problem.empty()) {
    throw Error("layer::incomplete", "The " + layer.describe() + " layer is not usable")
        .why(problem);
  }
  write_file(layer.dir() / tag_file, layer.tag().text());
  log::detail(fmt::format("{} layer {}, {}, {}", layer.describe(), done ? "extended" : "built",
                          format_size(tree_size(layer.dir())), format_duration(watch.elapsed())));
}

void Keeper::archive(const Layer& layer, const std::string& key, const Tag& tag,
                     const std::optional<Found>& made_from) const {
  const Workspace& workspace = layer.workspace();
  Depot& depot = *workspace.depot;
  if (!depot.archives_layers()) {
    if (!depot.keys().can_keep()) {
      log::detail(
          "Not archived: there is no HALCYON_SIGNING_KEY, and what is not signed is refused");
    }
    return write_list(layer);
  }
  const Stopwatch watch;
  log::begin("Archiving the " + layer.describe() + " layer");
  const auto earlier = made_from ? packed_before(layer, *made_from) : nullptr;
  const std::unique_ptr<LeavingArchive> leaving = depot.begin(key);
  std::string listed;
  Names first = first_of(layer);
  std::erase_if(first, [&](const std::string& name) {  // not every layer has all parts, but a tag
    return name != tag_file && !fs::exists(layer.dir() / name);
  });
  const PackOptions options{std::move(first), list_file,
                            [&layer](const fs::path& path) { return layer.skips(path); },
                            layer.effort(), earlier.get()};
  const ArchiveStats stats =
      pack(layer.dir(), *leaving, layer.format(), workspace.jobs, options, &listed);
  leaving->keep();
  write_file(layer.dir() / list_file, listed);
  log::end(watch.done(leaving->bytes()));
  Manifest manifest;
  manifest.tag = tag.text();
  manifest.bytes = leaving->bytes();
  manifest.sha256 = leaving->sha256();
  manifest.tree_bytes = stats.tree_bytes;
  const bool stored = depot.put(key, manifest, layer.companion(), leaving.get());
  write_file_lightly(origin_file(layer), key);
  if (!stored) return;
  if (depot.cleans() && tag == layer.tag()) clean_storage(layer);
  layer.stored();
}

void Keeper::clean_storage(const Layer& layer) const {
  Depot& depot = *layer.workspace().depot;
  try {
    for (const std::string& key : layer.outdated()) {
      const auto found = depot.find_stored(key);
      if (found && layer.replaces(Tag::parse(found->manifest.tag, key))) depot.remove(key);
    }
  } catch (const Error& error) {
    log::warning(fmt::format("Failed to clean the storage: {}\n{}", error.what(), error.why()));
  }
}

void remove_layer(const Workspace& workspace, const fs::path& dir) {
  if (!fs::exists(fs::symlink_status(dir))) return;
  const TempDir trash(workspace.temp(), "trash-");
  fs::rename(dir, trash.path() / "layer");
}

}  // namespace halcyon
