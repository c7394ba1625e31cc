#include <fmt/format.h>

#include "base/files.h"
#include "base/log.h"
#include "store/depot.h"

// How the Depot stores archives and removes them; finding and reading them is in depot.cpp.

namespace halcyon {

ArchiveUpload Depot::upload() const {
  return {*storage_, cache_, policy_.keys, policy_.collision_wait};
}

/// What was not there when this run began is kept if another builder has uploaded it meanwhile.
IfThere Depot::if_there(const std::string& key) {
  return in_storage(key) ? IfThere::replace : IfThere::keep;
}

std::unique_ptr<LeavingArchive> Depot::begin(const std::string& key) {
  std::function<std::unique_ptr<Upload>()> upload;
  if (uploads()) upload = [&] { return storage_->begin(key, if_there(key)); };
  return std::make_unique<LeavingArchive>(cache_.file(key), upload);
}

void Depot::store(const std::string& key, const Manifest& manifest, LeavingArchive* leaving) {
  const std::vector<std::string> sent = upload().store(key, manifest, if_there(key), leaving);
  for (auto& [prefix, keys] : listings_) {
    if (!key.starts_with(prefix)) continue;
    keys.insert({key, manifest_name(key)});
    keys.insert(sent.begin(), sent.end());
  }
  distrusted_.remove(Place::storage, key);
  manifests_.erase(key);
}

bool Depot::complete(const std::string& key, const std::string& tag) {
  // A run that need not upload asks nothing of storage, unless an upload has failed.
  const bool is_unsent = cache_.has(unsent_name(key));
  if (!uploads() || (!policy_.upload_must_work && !is_unsent)) return true;
  if (!is_unsent) {
    const auto stored = find_stored(key);
    if (stored && stored->manifest.tag == tag) return true;
  }
  const auto cached = find_cached(key);
  if (!cached || cached->manifest.tag != tag) return false;
  try_store(key, cached->manifest);
  return true;
}

bool Depot::try_store(const std::string& key, const Manifest& manifest, LeavingArchive* leaving) {
  try {
    store(key, manifest, leaving);
    return true;
  } catch (const Error& error) {
    if (policy_.upload_must_work) throw;
    log::end("failed");
    log::warning(
        fmt::format("{}\n{}\nGoing on: the archive is in the cache, and the next run uploads it.",
                    error.what(), error.why()));
    return false;
  }
}

bool Depot::put(const std::string& key, Manifest manifest,
                const std::optional<std::string>& companion, LeavingArchive* leaving) {
  manifest.archive = key;
  policy_.keys.sign(manifest);
  write_file(cache_.file(manifest_name(key)), manifest.format());
  distrusted_.remove(Place::cache, key);
  keep(key);
  const std::string companion_key = companion_name(key);
  if (companion) write_file(cache_.file(companion_key), *companion);
  return uploads() && try_store(key, manifest, leaving);
}

void Depot::remove(const std::string& key) {
  log::begin("Removing the out-of-date " + storage_->describe(key));
  manifests_.erase(key);
  for (const std::string& part : {key, companion_name(key), manifest_name(key)}) {
    storage_->remove(part);
    for (auto& [prefix, keys] : listings_) keys.erase(part);
  }
  log::end("done");
}

void Depot::forget_archive(const std::string& key) { remove_tree(cache_.file(key)); }

}  // namespace halcyon
