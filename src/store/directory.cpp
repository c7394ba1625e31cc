#include "store/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>

#include "base/error.h"

namespace halcyon {

namespace {

constexpr std::size_t kBuffer = 256U << 10U;

bool is_missing(int code) { return code == ENOENT || code == ENOTDIR; }

/// Collects the regular files below `dir`. What vanishes meanwhile was never there.
void collect(const fs::path& dir, const std::string& key_prefix, std::vector<ObjectInfo>& found) {
  std::error_code code;
  fs::directory_iterator entries(dir, code);
  for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
    const std::string name = entries->path().filename().string();
    const std::string key = key_prefix + name;
    if (!is_key(key)) continue;  // files still being written, and what is not ours
    std::error_code gone;
    // Directories behind links are not entered: they might lead in circles.
    if (fs::is_directory(entries->symlink_status(gone))) {
      collect(entries->path(), key + "/", found);
    } else if (entries->is_regular_file(gone)) {
      const std::uintmax_t size = entries->file_size(gone);
      if (!gone) found.push_back({key, size});
    }
  }
  if (code && !is_missing(code.value())) {
    throw system_error("Failed to list directory '" + dir.string() + "'", code.value());
  }
}

/// Removes what a killed run left while it was writing: whoever writes holds a lock. Others' files
/// that we may not remove stay.
void remove_stale_files(const fs::path& dir) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir, ignored)) {
    if (!is_temporary_name(entry.path().filename().string())) continue;
    const UniqueFd fd(open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fd && flock(fd.get(), LOCK_EX | LOCK_NB) == 0) fs::remove(entry.path(), ignored);
  }
}

/// A file that has no name, or a temporary one, until it is whole; without one nothing is left of
/// it when we are killed.
class UnnamedFile {
 public:
  explicit UnnamedFile(const fs::path& target) : target_(target) {
    fd_.reset(open(target_.parent_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (fd_ && access(link_of_ours().c_str(), F_OK) == 0) return;
    // Not every file system can do this. Until the file is locked, another run may take it for one
    // that a killed run left.
    do {
      path_ = temporary_path();
      fd_.reset(open(path_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
      if (!fd_ && errno != EEXIST) throw failure(errno);
    } while (!fd_ || !is_ours());
  }
  ~UnnamedFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  UnnamedFile(const UnnamedFile&) = delete;
  UnnamedFile& operator=(const UnnamedFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw failure(errno);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  /// False when there is one already that is to be kept.
  bool commit(IfThere if_there) {
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd_.get(), 0666 & ~mask) != 0 || fsync(fd_.get()) != 0) throw failure(errno);
    if (!give_name(if_there)) return false;
    // The name must survive a crash as well; not every file system can do this.
    const UniqueFd dir(open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (dir) fsync(dir.get());
    return true;
  }

 private:
  fs::path temporary_path() const {
    std::random_device random;
    const std::string name = target_.filename().string();
    return target_.parent_path() / fmt::format(".{}.{:08x}.tmp", name, random());
  }

  std::string link_of_ours() const { return fmt::format("/proc/self/fd/{}", fd_.get()); }

  /// Locks the file where the file system can. False when it is gone.
  bool is_ours() const {
    if (flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
    struct stat info {};
    return fstat(fd_.get(), &info) == 0 && info.st_nlink > 0;
  }

  bool link_to(const fs::path& name) const {
    return linkat(AT_FDCWD, link_of_ours().c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  }

  /// False when there is one already that is to be kept. A link replaces nothing, a rename does.
  bool give_name(IfThere if_there) {
    const bool is_named = !path_.empty();
    if (!is_named || if_there == IfThere::keep) {
      if (is_named ? link(path_.c_str(), target_.c_str()) == 0 : link_to(target_)) return true;
      if (errno != EEXIST) throw failure(errno);
      if (if_there == IfThere::keep) return false;
    }
    if (!is_named) {
      flock(fd_.get(), LOCK_EX);
      const fs::path path = temporary_path();
      if (!link_to(path)) throw failure(errno);
      path_ = path;
    }
    if (rename(path_.c_str(), target_.c_str()) != 0) throw failure(errno);
    path_.clear();
    return true;
  }

  Error failure(int code) const {
    return system_error("Failed to write '" + target_.string() + "'", code);
  }

  fs::path target_;
  fs::path path_;
  UniqueFd fd_;
};

class DirectoryUpload : public Upload {
 public:
  DirectoryUpload(DirectoryStorage& storage, std::string_view key, IfThere if_there)
      : storage_(storage), key_(key), if_there_(if_there), file_(storage.file(key)) {}
  bool write(Bytes bytes) override {
    file_.write(bytes);
    return true;
  }
  bool commit(const std::string& sha256) override {
    return file_.commit(if_there_) || storage_.digest(key_) == sha256;
  }

 private:
  DirectoryStorage& storage_;
  std::string key_;
  IfThere if_there_;
  UnnamedFile file_;
};

}  // namespace

DirectoryStorage::DirectoryStorage(fs::path root) : root_(std::move(root)) {}

std::string DirectoryStorage::describe() const { return "directory " + root_.string(); }

std::string DirectoryStorage::describe(std::string_view key) const { return file(key).string(); }

fs::path DirectoryStorage::file(std::string_view key) const {
  check_key(key);
  return root_ / key;
}

Listing DirectoryStorage::list_pages(std::string_view prefix, Pages) {
  // Only the directory that the prefix names is read.
  const std::size_t slash = prefix.rfind('/');
  const std::string_view dir = slash == std::string_view::npos ? "" : prefix.substr(0, slash);
  std::vector<ObjectInfo> found;
  if (dir.empty()) {
    if (slash == std::string_view::npos) collect(root_, "", found);
  } else if (is_key(dir)) {
    collect(root_ / dir, std::string(dir) + "/", found);
  }
  std::erase_if(found, [&](const ObjectInfo& object) { return !object.key.starts_with(prefix); });
  std::sort(found.begin(), found.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
  return {std::move(found)};
}

bool DirectoryStorage::get(std::string_view key, Sink& sink, Check) {
  const fs::path path = file(key);
  const auto failure = [&] {
    return system_error("Failed to read '" + path.string() + "'", errno);
  };
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && is_missing(errno)) return false;
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) throw failure();
  if (!S_ISREG(status.st_mode)) return false;
  std::vector<std::byte> buffer(kBuffer);
  std::int64_t total = 0;
  for (;;) {
    const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw failure();
    if (count == 0) break;
    total += count;
    if (!sink.write(std::span(buffer).first(static_cast<std::size_t>(count)))) return true;
  }
  if (total < status.st_size) {
    throw Error("storage::truncated", "'" + path.string() + "' ended early")
        .why(fmt::format("It had {} bytes, but {} could be read", status.st_size, total));
  }
  return true;
}

std::unique_ptr<Upload> DirectoryStorage::begin(std::string_view key, IfThere if_there,
                                                const Foreknown&) {
  const fs::path dir = file(key).parent_path();
  std::error_code code;
  fs::create_directories(dir, code);
  if (code) throw system_error("Failed to make directory '" + dir.string() + "'", code.value());
  remove_stale_files(dir);
  return std::make_unique<DirectoryUpload>(*this, key, if_there);
}

std::optional<std::string> DirectoryStorage::digest(std::string_view key) {
  NoSink none;
  HashingSink hashing(none);
  if (!get(key, hashing)) return {};
  return hashing.hex();
}

std::unique_ptr<Storage> DirectoryStorage::another() const {
  return std::make_unique<DirectoryStorage>(root_);
}

void DirectoryStorage::remove(std::string_view key) {
  const fs::path path = file(key);
  if (unlink(path.c_str()) != 0 && !is_missing(errno)) {
    throw system_error("Failed to remove '" + path.string() + "'", errno);
  }
}

}  // namespace halcyon
