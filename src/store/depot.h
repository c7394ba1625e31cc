#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/http.h"
#include "store/archive_upload.h"

namespace halcyon {

/// Where an archive was found.
enum class Place { cache, storage };

/// Over whose connections something comes from storage: the depot's, which serve one thread, or
/// some of its own.
enum class Connections { shared, own };

struct Found {
  std::string key;
  Place place = Place::cache;
  Manifest manifest;
};

/// The archives that are set aside. Any thread may call.
class Distrusted {
 public:
  void add(Place place, const std::string& key);
  void remove(Place place, const std::string& key);
  bool has(Place place, const std::string& key) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::pair<Place, std::string>> keys_;
};

/// All policy about archives: cache first, then storage; what is uploaded; what is trusted.
/// Storage is not asked before it is needed. Each of its directories is listed once, when that
/// takes one request; else what is asked for is, each once. Public storage that cannot be used is
/// warned of once, and done without.
class Depot {
 public:
  struct Policy {
    bool archive = true;           ///< not HALCYON_NO_ARCHIVE
    bool upload = true;            ///< not HALCYON_NO_UPLOAD
    bool upload_must_work = true;  ///< a failed upload is an Error, else a warning
    bool clean = true;             ///< not HALCYON_NO_CLEAN_PRIVATE_STORAGE
    /// See ArchiveUpload.
    std::chrono::milliseconds collision_wait = std::chrono::seconds(1);
    Keyring keys = {};  ///< whose archives are used, and who signs ours
  };
  /// `storage` may be null: no storage at all. All arguments must outlive the depot.
  Depot(Cache& cache, Storage* storage, HttpClient& http, Policy policy);

  const Storage* storage() const { return storage_; }
  const Keyring& keys() const { return policy_.keys; }
  /// Not where nothing could ever use what is archived.
  bool archives_layers() const { return policy_.archive && policy_.keys.can_keep(); }
  /// Whether archives go into storage: never into public storage.
  bool uploads() const {
    return storage_ != nullptr && !storage_->read_only() && policy_.upload && archives_layers();
  }
  /// Whether out-of-date archives are removed from storage.
  bool cleans() const { return uploads() && policy_.clean; }

  /// Whether storage has so much under a key prefix, or beside it, that to list it takes many
  /// requests.
  bool is_crowded(const std::string& prefix);
  /// Every complete archive under a key prefix at one place, or at both, sorted.
  std::vector<std::string> archives(const std::string& prefix, Place place);
  std::vector<std::string> archives(const std::string& prefix);
  /// An archive by key: in the cache when whole there, else in storage; nothing otherwise.
  /// Archives that this run found wrong are not found again, and one that nobody who is trusted has
  /// signed is none.
  std::optional<Found> find(const std::string& key);
  std::optional<Found> find_cached(const std::string& key);
  std::optional<Found> find_stored(const std::string& key);
  /// The tag of an archive in storage, whoever made it; nothing when it cannot be read. For what is
  /// only a help.
  std::optional<std::string> stored_tag(const std::string& key);
  /// The companion of an archive (companion_name), cache first.
  std::optional<std::string> companion(const std::string& archive_key);
  /// A small file of storage; nothing when it is not there or damaged (of which it warns).
  std::optional<std::string> note(const std::string& key);
  /// Stores one that belongs to no archive: nothing depends on it.
  void write_note(const std::string& key, const std::string& text);
  /// Lists storage again when it is next asked for what is beside `key`: others may have stored
  /// something since.
  void list_anew(const std::string& key);

  /// Gives the archive's bytes to `use`, from the cache, or from storage while they arrive: then
  /// they are kept in the cache, too. They are verified when `use` has seen them: what it makes of
  /// them is good once this returns. After damage on the way it is called once more, with all of
  /// them. With connections of its own it can be called in any thread. Raises Error
  /// "depot::corrupt" when the bytes are not what the manifest says, or gone; no more of them are
  /// taken than it says.
  void stream(const Found& found, const std::function<void(Source&)>& use,
              Connections connections = Connections::shared);
  /// The archive as a local file: downloaded into the cache, and verified, when it is in storage.
  /// Raises Error "depot::corrupt" when the bytes are not what the manifest says, or gone; no more
  /// of them are taken than it says.
  std::filesystem::path fetch(const Found& found);
  /// Sets an archive aside, with a warning that tells `why`; later finds pass over it.
  void distrust(const Found& found, const std::string& why);
  /// Marks what was used, so that cleaning the cache keeps it.
  void keep(const std::string& key);

  /// Where the archive of `key` is to be written: the cache.
  std::filesystem::path file(const std::string& key) const { return cache_.file(key); }
  /// Begins an archive that is to be made: into file(key), and where archives are uploaded into
  /// storage with the same bytes, to be completed by `put`.
  std::unique_ptr<LeavingArchive> begin(const std::string& key);
  /// Takes an archive that was written to file(key), or is `leaving`: names it in its manifest,
  /// signs that and writes it, then uploads archive, manifest and at last the companion, so that
  /// what is listed is complete. Whether storage has it now.
  bool put(const std::string& key, Manifest manifest,
           const std::optional<std::string>& companion = {}, LeavingArchive* leaving = nullptr);
  /// Uploads an archive with this tag that the cache has and storage has not: where uploads must
  /// work always, else after an upload that failed or was killed. False when neither has it.
  bool complete(const std::string& key, const std::string& tag);
  /// Removes an archive from storage with all that stands beside it: the archive first, so that
  /// what is listed is complete.
  void remove(const std::string& key);
  /// Drops the cached archive but not its manifest: enough to know that storage has it.
  void forget_archive(const std::string& key);

  /// An original distribution as a local file: from the cache, storage `original/`, or its URL
  /// (then kept in `original/`), its SHA-256 checked each time.
  std::filesystem::path original(const std::string& url, const std::string& file_name,
                                 const std::string& sha256);

 private:
  const std::set<std::string>* known_listing(const std::string& prefix) const;
  const std::set<std::string>& listing(const std::string& prefix);
  bool list(const std::string& prefix, Pages pages);
  bool in_storage(const std::string& key);
  bool read(Storage& storage, const std::string& key, Sink& sink);
  void give_up(const Error& error);
  std::optional<std::string> read_small(const std::string& key);
  ArchiveUpload upload() const;
  IfThere if_there(const std::string& key);
  void store(const std::string& key, const Manifest& manifest, LeavingArchive* leaving);
  /// As store; where uploads need not work, a failure is a warning, and false.
  bool try_store(const std::string& key, const Manifest& manifest,
                 LeavingArchive* leaving = nullptr);
  bool download(const std::string& key, const std::string& sha256, std::uint64_t most_bytes);
  std::string stream_stored(Storage& storage, const Found& found,
                            const std::function<void(Source&)>& use);
  void keep_manifest(const Found& found);

  Cache& cache_;
  Storage* storage_;
  HttpClient& http_;
  Policy policy_;
  std::map<std::string, std::set<std::string>> listings_;  // whole ones, by their prefixes
  std::set<std::string> crowded_;                          // directories
  std::map<std::string, Manifest> manifests_;              // those of storage that were read
  Distrusted distrusted_;
  std::atomic<bool> gave_up_ = false;  // public storage cannot be used
};

}  // namespace halcyon
