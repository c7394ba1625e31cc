#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "store/cache.h"
#include "store/keyring.h"
#include "store/storage.h"

namespace halcyon {

/// How an archive comes from the cache into storage, so that one whole archive is there at the end,
/// whatever other builders do meanwhile.
class ArchiveUpload {
 public:
  /// `wait`: how long to wait for another builder of the same archive; some times that, at most.
  /// All arguments must outlive it.
  ArchiveUpload(Storage& storage, const Cache& cache, const Keyring& keys,
                std::chrono::milliseconds wait)
      : storage_(storage), cache_(cache), keys_(keys), wait_(wait) {}

  /// Uploads one file of the cache. False when another one is there, and is to be kept.
  bool send(const std::string& key, const std::string& sha256, IfThere if_there);
  /// Uploads an archive, then its manifest and at last its companion, if it has one. Those of
  /// another builder with the same tag may stand instead. Returns what has been uploaded, as keys.
  /// Raises Error "depot::contended" when others go on replacing it. Until all is done the cache
  /// has a note that the archive is unsent.
  std::vector<std::string> store(const std::string& key, const Manifest& manifest,
                                 IfThere if_there);

 private:
  std::vector<std::string> send_small(const std::string& key);
  bool stands(const std::string& key, const std::string& tag);
  bool others_stands(const std::string& key, const std::string& tag);
  bool stands_later(const std::string& key, const std::string& tag, int uploads);

  Storage& storage_;
  const Cache& cache_;
  const Keyring& keys_;
  std::chrono::milliseconds wait_;
};

}  // namespace halcyon
