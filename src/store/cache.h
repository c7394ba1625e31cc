#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "store/directory.h"

namespace halcyon {

/// The cache of recently used files (manual "Caching", internals "prepare_cache", "clean_cache"):
/// a directory with the same keys as the storage. What a run used (`keep`) survives its cleaning.
class Cache {
 public:
  explicit Cache(std::filesystem::path dir);
  /// Before a run: purges everything when asked, else remembers what is there and lists it in the
  /// log ("Examining cache contents").
  void prepare(bool purge);
  /// The path of a key's file; the file may not exist.
  std::filesystem::path file(std::string_view key) const;
  bool has(std::string_view key) const;
  /// Every key that starts with `prefix`.
  std::set<std::string> keys(std::string_view prefix) const;
  /// Marks a key as used by this run.
  void keep(std::string_view key);
  /// Moves a file that cannot be trusted out of the way (".distrusted" suffix, replaced by the
  /// next such one, removed by clean) so that nothing finds it again.
  void set_aside(std::string_view key) const;
  /// After a successful run: removes what was not kept, and tells the differences to what
  /// `prepare` saw as `+ new`, `* changed`, `- gone` lines (natural order). Failure only warns.
  void clean();
  const std::filesystem::path& dir() const { return dir_; }

 private:
  struct Seen {
    std::string key;
    std::uint64_t size;
    std::int64_t time_ns;
  };
  static bool by_name(const Seen& a, const Seen& b);
  /// What is there, in natural order; set-aside and temporary files are not.
  std::vector<Seen> scan() const;
  void remove_unused() const;
  /// The lines that tell how the contents differ from what `prepare` saw.
  std::vector<std::string> changes() const;
  std::filesystem::path dir_;
  std::vector<Seen> before_;
  std::set<std::string, std::less<>> kept_;
};

}  // namespace halcyon
