#pragma once

#include "store/storage.h"

namespace halcyon {

/// Storage in a directory (HALCYON_STORAGE_DIR), our embedded default: a mounted disk, or a plain
/// directory on one machine. Files are written under a temporary name (never listed), fsynced and
/// renamed; temporary files older than a day that a killed run left are removed.
class DirectoryStorage : public Storage {
 public:
  /// The directory is made at the first put. Modes follow the umask: several users may share it.
  explicit DirectoryStorage(std::filesystem::path root);
  std::string describe() const override;
  std::string describe(std::string_view key) const override;
  Listing list_pages(std::string_view prefix, Pages pages) override;
  bool get(std::string_view key, Sink& sink, Check check = Check::by_storage) override;
  std::unique_ptr<Upload> begin(std::string_view key, IfThere if_there,
                                const Foreknown& known = {}) override;
  /// Reads the file.
  std::optional<std::string> digest(std::string_view key) override;
  void remove(std::string_view key) override;
  std::unique_ptr<Storage> another() const override;
  /// The file of a key, whether it exists or not.
  std::filesystem::path file(std::string_view key) const;

 private:
  std::filesystem::path root_;
};

}  // namespace halcyon
