#include "store/depot.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "net/download.h"
#include "store/arriving_archive.h"

namespace halcyon {
namespace {

/// No compiler's distribution comes near it.
constexpr std::uint64_t largest_original = 8ULL << 30U;
constexpr const char* public_failed = "public::failed";

/// The directory part of a key, with its slash: what is listed at once.
std::string directory_of(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  return slash == std::string::npos ? std::string() : key.substr(0, slash + 1);
}

std::string name_of(const std::string& key) { return key.substr(directory_of(key).size()); }

}  // namespace

void Distrusted::add(Place place, const std::string& key) {
  const std::lock_guard lock(mutex_);
  keys_.insert({place, key});
}

void Distrusted::remove(Place place, const std::string& key) {
  const std::lock_guard lock(mutex_);
  keys_.erase({place, key});
}

bool Distrusted::has(Place place, const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return keys_.contains({place, key});
}

Depot::Depot(Cache& cache, Storage* storage, HttpClient& http, Policy policy)
    : cache_(cache), storage_(storage), http_(http), policy_(std::move(policy)) {}

/// What is known to be whole of what storage has under a prefix.
const std::set<std::string>* Depot::known_listing(const std::string& prefix) const {
  const auto known =
      std::find_if(listings_.begin(), listings_.end(),
                   [&prefix](const auto& listed) { return prefix.starts_with(listed.first); });
  return known == listings_.end() ? nullptr : &known->second;
}

/// Lists what storage has under a prefix. Whether all of it is known now.
bool Depot::list(const std::string& prefix, Pages pages) {
  std::set<std::string> keys;
  if (storage_ != nullptr && !gave_up_) {
    const Stopwatch watch;
    log::begin(fmt::format("Listing {} of {}", prefix, storage_->describe()));
    try {
      const Listing listing = storage_->list_pages(prefix, pages);
      if (listing.has_more) {
        log::end(fmt::format("many files, {}", format_duration(watch.elapsed())));
        return false;
      }
      for (const ObjectInfo& object : listing.objects) keys.insert(object.key);
      log::end(fmt::format("done, {} files, {}", keys.size(), format_duration(watch.elapsed())));
    } catch (const Error& error) {
      if (error.id() != public_failed) throw;
      log::end("failed");
      give_up(error);
    }
  }
  listings_.emplace(prefix, std::move(keys));
  return true;
}

bool Depot::is_crowded(const std::string& prefix) {
  if (known_listing(prefix) != nullptr) return false;
  const std::string directory = directory_of(prefix);
  if (!crowded_.contains(directory) && !list(directory, Pages::first)) crowded_.insert(directory);
  return crowded_.contains(directory);
}

const std::set<std::string>& Depot::listing(const std::string& prefix) {
  if (is_crowded(prefix)) list(prefix, Pages::all);
  return *known_listing(prefix);
}

bool Depot::in_storage(const std::string& key) {
  // In a crowded directory an archive is listed with what stands beside it, in any format.
  return storage_ != nullptr && !gave_up_ && listing(without_suffixes(key)).contains(key);
}

bool Depot::read(Storage& storage, const std::string& key, Sink& sink) {
  try {
    return storage.get(key, sink, Check::by_caller);
  } catch (const Error& error) {
    if (error.id() != public_failed) throw;
    give_up(error);
    return false;
  }
}

void Depot::give_up(const Error& error) {
  if (gave_up_.exchange(true)) return;
  log::warning(fmt::format("{}\n{}\nGoing on without it.", error.what(), error.why()));
}

std::vector<std::string> Depot::archives(const std::string& prefix, Place place) {
  std::set<std::string> keys;
  if (place == Place::cache) {
    keys = cache_.keys(prefix);
  } else if (storage_ != nullptr && !gave_up_) {
    const std::set<std::string>& all = listing(prefix);
    for (auto key = all.lower_bound(prefix); key != all.end() && key->starts_with(prefix); ++key) {
      keys.insert(keys.end(), *key);
    }
  }
  std::vector<std::string> complete;
  for (const std::string& key : keys) {
    if (keys.contains(manifest_name(key))) complete.push_back(key);
  }
  return complete;
}

std::vector<std::string> Depot::archives(const std::string& prefix) {
  std::vector<std::string> keys = archives(prefix, Place::cache);
  const std::vector<std::string> stored = archives(prefix, Place::storage);
  keys.insert(keys.end(), stored.begin(), stored.end());
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::optional<Found> Depot::find(const std::string& key) {
  if (auto found = find_cached(key)) return found;
  return find_stored(key);
}

std::optional<Found> Depot::find_cached(const std::string& key) {
  const std::string manifest_key = manifest_name(key);
  if (!distrusted_.has(Place::cache, key) && cache_.has(key) && cache_.has(manifest_key)) {
    Found found{key, Place::cache, {}};
    try {
      found.manifest = policy_.keys.read(read_file(cache_.file(manifest_key), largest_small_file),
                                         key, "the cached " + name_of(manifest_key));
      if (fs::file_size(cache_.file(key)) == found.manifest.bytes) return found;
      distrust(found, "it has not the size that its manifest says");
    } catch (const Error& error) {
      distrust(found, what_and_why(error));
    }
  }
  return {};
}

std::optional<Found> Depot::find_stored(const std::string& key) {
  const std::string manifest_key = manifest_name(key);
  if (!distrusted_.has(Place::storage, key) && in_storage(key) && in_storage(manifest_key)) {
    Found found{key, Place::storage, {}};
    if (const auto known = manifests_.find(key); known != manifests_.end()) {
      found.manifest = known->second;
      return found;
    }
    try {
      const auto text = read_small(manifest_key);
      if (!text) return {};
      found.manifest = policy_.keys.read(*text, key, storage_->describe(manifest_key));
      manifests_[key] = found.manifest;
      return found;
    } catch (const Error& error) {
      if (!is_bad_manifest(error) && !is_damage(error)) throw;
      distrust(found, what_and_why(error));
    }
  }
  return {};
}

std::optional<std::string> Depot::stored_tag(const std::string& key) {
  const std::string manifest_key = manifest_name(key);
  const auto text = note(manifest_key);
  if (!text) return {};
  try {
    return Manifest::parse(*text, storage_->describe(manifest_key)).tag;
  } catch (const Error& error) {
    if (!is_bad_manifest(error)) throw;
    return {};
  }
}

std::optional<std::string> Depot::companion(const std::string& archive_key) {
  const std::string key = companion_name(archive_key);
  if (auto text = read_file_if_any(cache_.file(key), largest_small_file)) return text;
  return note(key);
}

std::optional<std::string> Depot::note(const std::string& key) {
  if (storage_ == nullptr || gave_up_) return {};
  // To read it tells whether it is there, too.
  if (!is_crowded(key) && !in_storage(key)) return {};
  try {
    return read_small(key);
  } catch (const Error& error) {
    if (!is_damage(error)) throw;
    log::warning(fmt::format("Not using {}: {}", storage_->describe(key), error.why()));
    return {};
  }
}

void Depot::write_note(const std::string& key, const std::string& text) {
  const fs::path file = cache_.file(key);
  write_file(file, text);
  storage_->put(key, file, sha256(text));
  fs::remove(file);
}

void Depot::list_anew(const std::string& key) {
  std::erase_if(listings_, [directory = directory_of(key)](const auto& listed) {
    return listed.first.starts_with(directory);
  });
  manifests_.clear();
}

std::optional<std::string> Depot::read_small(const std::string& key) {
  try {
    return halcyon::read_small(*storage_, key);
  } catch (const Error& error) {
    if (error.id() != public_failed) throw;
    give_up(error);
    return {};
  }
}

bool Depot::download(const std::string& key, const std::string& sha256, std::uint64_t most_bytes) {
  // What was damaged on its way is whole the next time.
  for (bool again = false;; again = true) {
    const Stopwatch watch;
    log::begin("Downloading " + storage_->describe(key));
    FileSink file(cache_.file(key));
    HashingSink hashing(file);
    BoundedSink bounded(hashing, most_bytes);
    std::string why;
    try {
      if (!read(*storage_, key, bounded)) {
        if (!gave_up_) log::end("not there");
        return false;
      }
      const std::string actual = hashing.hex();
      if (actual == sha256) {
        file.commit();
        log::end(watch.done(hashing.bytes()));
        return true;
      }
      why = "its SHA-256 is " + actual + ", not " + sha256;
    } catch (const Error& error) {
      if (!is_damage(error)) throw;
      why = error.why().empty() ? error.what() : error.why();
    }
    log::end("wrong checksum");
    if (again) throw Error("depot::corrupt", storage_->describe(key) + " is damaged").why(why);
  }
}

void Depot::stream(const Found& found, const std::function<void(Source&)>& use,
                   Connections connections) {
  if (found.place == Place::cache) {
    FileSource file(cache_.file(found.key));
    HashingSource hashing(file);
    std::exception_ptr failure;
    try {
      use(hashing);
    } catch (const Error&) {
      failure = std::current_exception();
    }
    // Of what is damaged anything else may be said, too.
    if (hashing.finish() != found.manifest.sha256) {
      throw Error("depot::corrupt", "Its SHA-256 is not the one of its manifest");
    }
    if (failure) std::rethrow_exception(failure);
    return;
  }
  const std::unique_ptr<Storage> own =
      connections == Connections::own ? storage_->another() : nullptr;
  // What was damaged on its way is whole the next time.
  for (bool again = false;; again = true) {
    const std::string why = stream_stored(own ? *own : *storage_, found, use);
    if (why.empty()) return;
    log::end("wrong checksum");
    if (again) {
      throw Error("depot::corrupt", storage_->describe(found.key) + " is damaged").why(why);
    }
  }
}

/// How it was damaged on its way; empty when it was not.
std::string Depot::stream_stored(Storage& storage, const Found& found,
                                 const std::function<void(Source&)>& use) {
  const Stopwatch watch;
  log::begin("Downloading " + storage.describe(found.key));
  ArrivingArchive archive(
      [&](Sink& sink) {
        BoundedSink bounded(sink, found.manifest.bytes);
        if (read(storage, found.key, bounded)) return;
        throw Error("depot::corrupt", storage.describe(found.key) + " is gone");
      },
      cache_.file(found.key));
  std::exception_ptr failure;
  try {
    use(archive);
  } catch (const Error&) {
    failure = std::current_exception();
  }
  try {
    const std::string sha256 = archive.finish();
    if (sha256 != found.manifest.sha256) {
      return "its SHA-256 is " + sha256 + ", not " + found.manifest.sha256;
    }
  } catch (const Error& error) {
    if (!is_damage(error)) throw;
    return error.why().empty() ? error.what() : error.why();
  }
  if (failure) std::rethrow_exception(failure);
  archive.keep();
  keep_manifest(found);
  log::end(watch.done(archive.bytes()));
  return {};
}

void Depot::keep_manifest(const Found& found) {
  write_file(cache_.file(manifest_name(found.key)), found.manifest.format());
  distrusted_.remove(Place::cache, found.key);
}

fs::path Depot::fetch(const Found& found) {
  if (found.place == Place::storage) {
    if (!download(found.key, found.manifest.sha256, found.manifest.bytes)) {
      throw Error("depot::corrupt", storage_->describe(found.key) + " is gone");
    }
    keep_manifest(found);
  }
  return cache_.file(found.key);
}

void Depot::distrust(const Found& found, const std::string& why) {
  distrusted_.add(found.place, found.key);
  const bool cached = found.place == Place::cache;
  log::warning(fmt::format(
      "Setting aside {}: {}",
      cached ? "the cached " + name_of(found.key) : storage_->describe(found.key), why));
  if (cached) {
    cache_.set_aside(found.key);
    cache_.set_aside(manifest_name(found.key));
  }
}

void Depot::keep(const std::string& key) {
  cache_.keep(key);
  cache_.keep(manifest_name(key));
  cache_.keep(companion_name(key));
  cache_.keep(unsent_name(key));
}

fs::path Depot::original(const std::string& url, const std::string& file_name,
                         const std::string& sha256) {
  const std::string key = "original/" + file_name;
  check_key(key);
  fs::path file = cache_.file(key);
  if (cache_.has(key)) {
    if (sha256_file(file) == sha256) {
      cache_.keep(key);
      return file;
    }
    log::warning("Setting aside the cached " + file_name + ": its SHA-256 is wrong");
    cache_.set_aside(key);
  }
  if (in_storage(key)) {
    try {
      if (download(key, sha256, largest_original)) {
        cache_.keep(key);
        return file;
      }
    } catch (const Error& error) {
      if (error.id() != "depot::corrupt") throw;
      log::warning(fmt::format("Not using {}: {}", storage_->describe(key), error.why()));
    }
  }
  const Stopwatch watch;
  log::begin("Downloading " + log::redact(url));
  halcyon::download(http_, url, file, sha256);
  log::end(watch.done(fs::file_size(file)));
  cache_.keep(key);
  if (uploads()) upload().send(key, sha256, IfThere::replace);
  return file;
}

}  // namespace halcyon
