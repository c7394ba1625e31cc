#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace halcyon::test {

/// Writes tar files by hand, hostile ones too.
class TarBuilder {
 public:
  explicit TarBuilder(int format = ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE) {
    check(archive_write_set_format(tar_.get(), format));
    check(archive_write_add_filter_none(tar_.get()));
    check(archive_write_open(tar_.get(), this, nullptr, take, nullptr));
  }

  TarBuilder& file(const std::string& name, const std::string& content, unsigned mode = 0644) {
    const Entry entry = make(name, AE_IFREG, mode);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    check(archive_write_header(tar_.get(), entry.get()));
    check(archive_write_data(tar_.get(), content.data(), content.size()));
    return *this;
  }
  TarBuilder& directory(const std::string& name, unsigned mode = 0755) {
    check(archive_write_header(tar_.get(), make(name, AE_IFDIR, mode).get()));
    return *this;
  }
  TarBuilder& symlink(const std::string& name, const std::string& target) {
    const Entry entry = make(name, AE_IFLNK, 0777);
    archive_entry_set_symlink(entry.get(), target.c_str());
    check(archive_write_header(tar_.get(), entry.get()));
    return *this;
  }
  TarBuilder& hard_link(const std::string& name, const std::string& target) {
    const Entry entry = make(name, AE_IFREG, 0644);
    archive_entry_set_hardlink(entry.get(), target.c_str());
    check(archive_write_header(tar_.get(), entry.get()));
    return *this;
  }
  TarBuilder& special(const std::string& name, unsigned type) {
    check(archive_write_header(tar_.get(), make(name, type, 0644).get()));
    return *this;
  }

  std::string finish() {
    check(archive_write_close(tar_.get()));
    return tar_bytes_;
  }

 private:
  struct Free {
    void operator()(struct archive* archive) const { archive_write_free(archive); }
    void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
  };
  using Entry = std::unique_ptr<struct archive_entry, Free>;

  static la_ssize_t take(struct archive*, void* self, const void* bytes, size_t size) {
    static_cast<TarBuilder*>(self)->tar_bytes_.append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  }
  Entry make(const std::string& name, unsigned type, unsigned mode) const {
    Entry entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_mode(entry.get(), type | mode);
    archive_entry_set_mtime(entry.get(), 1'000'000'000, 0);
    return entry;
  }
  void check(la_ssize_t result) const {
    if (result >= ARCHIVE_WARN) return;
    throw std::runtime_error(archive_error_string(tar_.get()));
  }

  std::string tar_bytes_;
  std::unique_ptr<struct archive, Free> tar_{archive_write_new()};
};

}  // namespace halcyon::test
