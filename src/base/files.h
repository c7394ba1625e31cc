#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Files and directories. Every failure raises an Error that names the path.
namespace halcyon {

namespace fs = std::filesystem;

/// A file descriptor that closes itself.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// A fresh directory (mode 0700) below `parent`, removed with all its contents at the end.
class TempDir {
 public:
  /// `parent` is made when missing. The name starts with `prefix`.
  explicit TempDir(const fs::path& parent, std::string_view prefix = "halcyon-");
  TempDir(TempDir&&) noexcept;
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// An exclusive lock on a file (flock); waits for another holder, and says so in the log.
class FileLock {
 public:
  explicit FileLock(const fs::path& file);

 private:
  UniqueFd fd_;
};

/// Makes a directory and its missing parents; one that is there is fine.
void make_directories(const fs::path& dir);
/// The whole content. A file larger than `limit` bytes is an Error.
std::string read_file(const fs::path& file, std::uint64_t limit = 64U << 20U);
/// As read_file, nothing when there is no such file.
std::optional<std::string> read_file_if_any(const fs::path& file, std::uint64_t limit = 64U << 20U);
/// Writes under a temporary name in the same directory, fsyncs, renames. Makes the directory.
void write_file(const fs::path& file, std::string_view content, unsigned mode = 0644);
/// The same without the fsync, which may wait for all that others have written: for what is made
/// anew where it is missing or empty after a crash, or does not outlive a build.
void write_file_lightly(const fs::path& file, std::string_view content, unsigned mode = 0644);
/// Copies a file (contents, mode, times); atomic like write_file.
void copy_file(const fs::path& from, const fs::path& to);
/// Copies a tree into `to` (made when missing; existing files are replaced, others left alone).
/// Links stay links; modes and times are kept. `skip(relative path)` leaves an entry out.
void copy_tree(const fs::path& from, const fs::path& to,
               const std::function<bool(const fs::path&)>& skip = nullptr);
/// Removes a tree, read-only directories included. Missing is fine.
void remove_tree(const fs::path& dir);
/// Renames; across file systems copies beside `to`, renames, and removes: `to` appears whole or not
/// at all.
void move_tree(const fs::path& from, const fs::path& to);
/// As copy_tree, but what can be renamed is, and `from` is left empty or with what was copied.
void move_into(const fs::path& from, const fs::path& to);
/// Total size of the regular files below, in bytes; hard links are counted once.
std::uint64_t tree_size(const fs::path& dir);
/// Free bytes for us on the file system of `path` (or of its nearest existing parent).
std::uint64_t free_space(const fs::path& path);
/// Every entry below `dir`, relative, sorted by bytes; directories are entered unless `skip` says
/// so.
std::vector<fs::path> walk(const fs::path& dir,
                           const std::function<bool(const fs::path&)>& skip = nullptr);

}  // namespace halcyon
