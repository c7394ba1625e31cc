#include "base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/stream.h"

namespace halcyon {
namespace {

constexpr std::chrono::milliseconds kLockPoll{100};

/// Calls an action of std::filesystem, whose failures name no action.
template <typename Action>
auto checked(const std::string& what, Action action) {
  std::error_code failure;
  auto result = action(failure);
  if (failure) throw system_error(what, failure.value());
  return result;
}

using Identity = std::pair<dev_t, ino_t>;

struct stat stat_of(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    throw system_error("Cannot look at " + path.string(), errno);
  }
  return info;
}

void copy_times(const struct stat& info, const fs::path& to) {
  const timespec times[2] = {info.st_atim, info.st_mtim};
  if (::utimensat(AT_FDCWD, to.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    throw system_error("Cannot set the times of " + to.string(), errno);
  }
}

void copy_mode_and_times(const struct stat& info, const fs::path& to) {
  ::chmod(to.c_str(), info.st_mode & 0777U);
  copy_times(info, to);
}

/// The content only, without fsync: trees are made of many files, and trusted by their tag alone.
void copy_content(const fs::path& from, const fs::path& to) {
  checked("Cannot copy " + from.string() + " to " + to.string(), [&](std::error_code& failure) {
    return fs::copy_file(from, to, fs::copy_options::overwrite_existing, failure);
  });
}

void walk_into(const fs::path& root, const fs::path& relative,
               const std::function<bool(const fs::path&)>& skip, std::vector<fs::path>& found) {
  std::error_code failure;
  fs::directory_iterator entries(root / relative, failure);
  if (failure) throw system_error("Cannot read " + (root / relative).string(), failure.value());
  for (const fs::directory_entry& entry : entries) {
    const fs::path path = relative / entry.path().filename();
    if (skip && skip(path)) continue;
    found.push_back(path);
    if (fs::is_directory(entry.symlink_status())) walk_into(root, path, skip, found);
  }
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) reset(other.release());
  return *this;
}

int UniqueFd::release() { return std::exchange(fd_, -1); }

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

TempDir::TempDir(const fs::path& parent, std::string_view prefix) {
  make_directories(parent);
  std::string name = (parent / (std::string(prefix) + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw system_error("Cannot make a directory in " + parent.string(), errno);
  }
  path_ = name;
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempDir::~TempDir() {
  if (path_.empty()) return;
  try {
    remove_tree(path_);
  } catch (const std::exception& error) {
    log::warning(error.what());  // the next run removes it
  }
}

FileLock::FileLock(const fs::path& file)
    : fd_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (!fd_) throw system_error("Cannot open the lock " + file.string(), errno);
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return;
  log::detail("Waiting for another run to finish (" + file.string() + ")");
  while (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw system_error("Cannot lock " + file.string(), errno);
    interrupt::sleep(kLockPoll);
  }
}

void make_directories(const fs::path& dir) {
  checked("Cannot make the directory " + dir.string(),
          [&](std::error_code& failure) { return fs::create_directories(dir, failure); });
}

std::string read_file(const fs::path& file, std::uint64_t limit) {
  FileSource source(file);
  std::string text;
  std::vector<std::byte> buffer(1U << 16U);
  for (;;) {
    const std::size_t count = source.read(buffer);
    if (count == 0) return text;
    if (text.size() + count > limit) {
      throw Error("file::too-large", "The file " + file.string() + " is too large")
          .why("It may have " + std::to_string(limit) + " bytes at most");
    }
    text.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
}

std::optional<std::string> read_file_if_any(const fs::path& file, std::uint64_t limit) {
  const bool exists = checked("Cannot look at " + file.string(),
                              [&](std::error_code& failure) { return fs::exists(file, failure); });
  if (!exists) return {};
  return read_file(file, limit);
}

void write_file(const fs::path& file, std::string_view content, unsigned mode) {
  FileSink sink(file, mode);
  sink.write(std::as_bytes(std::span(content)));
  sink.commit();
}

void write_file_lightly(const fs::path& file, std::string_view content, unsigned mode) {
  FileSink sink(file, mode);
  sink.write(std::as_bytes(std::span(content)));
  sink.commit_lightly();
}

void copy_file(const fs::path& from, const fs::path& to) {
  struct stat info {};
  if (::stat(from.c_str(), &info) != 0) throw system_error("Cannot read " + from.string(), errno);
  FileSource source(from);
  FileSink sink(to, info.st_mode & 0777U);
  std::vector<std::byte> buffer(1U << 18U);
  while (const std::size_t count = source.read(buffer)) sink.write({buffer.data(), count});
  sink.commit();
  copy_times(info, to);
}

void copy_tree(const fs::path& from, const fs::path& to,
               const std::function<bool(const fs::path&)>& skip) {
  make_directories(to);
  std::map<Identity, fs::path> linked;
  std::vector<fs::path> directories;
  for (const fs::path& path : walk(from, skip)) {
    interrupt::check();
    const fs::path source = from / path;
    const fs::path target = to / path;
    const struct stat info = stat_of(source);
    if (S_ISDIR(info.st_mode)) {
      if (!fs::is_directory(fs::symlink_status(target))) remove_tree(target);
      make_directories(target);
      directories.push_back(path);
      continue;
    }
    if (fs::exists(fs::symlink_status(target))) remove_tree(target);
    if (S_ISLNK(info.st_mode)) {
      const fs::path link = fs::read_symlink(source);
      if (::symlink(link.c_str(), target.c_str()) != 0) {
        throw system_error("Cannot make the link " + target.string(), errno);
      }
    } else if (S_ISREG(info.st_mode)) {
      const Identity identity{info.st_dev, info.st_ino};
      const auto known = info.st_nlink > 1 ? linked.find(identity) : linked.end();
      if (known != linked.end() && ::link(known->second.c_str(), target.c_str()) == 0) continue;
      copy_content(source, target);
      if (info.st_nlink > 1) linked[identity] = target;
    } else {
      continue;  // sockets, pipes and devices are no content
    }
    copy_times(info, target);
  }
  // Last, and innermost first: what was put into a directory has changed its time.
  for (auto path = directories.rbegin(); path != directories.rend(); ++path) {
    copy_mode_and_times(stat_of(from / *path), to / *path);
  }
}

void remove_tree(const fs::path& dir) {
  std::error_code failure;
  fs::remove_all(dir, failure);
  if (!failure) return;
  // Directories that we may not write to (read-only trees, as of some stores) are made writable.
  if (fs::is_directory(fs::symlink_status(dir))) {
    ::chmod(dir.c_str(), 0700);
    for (fs::recursive_directory_iterator entry(dir, failure), end; !failure && entry != end;
         entry.increment(failure)) {
      if (fs::is_directory(entry->symlink_status())) ::chmod(entry->path().c_str(), 0700);
    }
  }
  checked("Cannot remove " + dir.string(),
          [&](std::error_code& again) { return fs::remove_all(dir, again); });
}

void move_tree(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return;
  if (errno != EXDEV) {
    throw system_error("Cannot move " + from.string() + " to " + to.string(), errno);
  }
  const fs::path parent = to.has_parent_path() ? to.parent_path() : ".";
  const TempDir beside(parent, "." + to.filename().string() + ".");
  const fs::path copy = beside.path() / to.filename();
  copy_tree(from, copy);
  copy_mode_and_times(stat_of(from), copy);
  if (::rename(copy.c_str(), to.c_str()) != 0) {
    throw system_error("Cannot move " + from.string() + " to " + to.string(), errno);
  }
  remove_tree(from);
}

void move_into(const fs::path& from, const fs::path& to) {
  make_directories(to);
  for (const fs::path& name :
       walk(from, [](const fs::path& path) { return path.has_parent_path(); })) {
    const fs::path source = from / name;
    const fs::path target = to / name;
    const struct stat info = stat_of(source);
    if (S_ISDIR(info.st_mode) && fs::is_directory(fs::symlink_status(target))) {
      move_into(source, target);
      copy_mode_and_times(info, target);
      continue;
    }
    if (fs::exists(fs::symlink_status(target))) remove_tree(target);
    if (::rename(source.c_str(), target.c_str()) == 0) continue;
    if (errno != EXDEV) {
      throw system_error("Cannot move " + source.string() + " to " + target.string(), errno);
    }
    return copy_tree(from, to);
  }
}

std::uint64_t tree_size(const fs::path& dir) {
  std::uint64_t size = 0;
  std::set<Identity> counted;
  for (const fs::path& path : walk(dir)) {
    const struct stat info = stat_of(dir / path);
    if (!S_ISREG(info.st_mode)) continue;
    if (info.st_nlink > 1 && !counted.insert({info.st_dev, info.st_ino}).second) continue;
    size += static_cast<std::uint64_t>(info.st_size);
  }
  return size;
}

std::uint64_t free_space(const fs::path& path) {
  fs::path place = fs::absolute(path);
  struct statvfs info {};
  while (::statvfs(place.c_str(), &info) != 0) {
    if (errno != ENOENT || place == place.parent_path()) {
      throw system_error("Cannot tell the free space of " + path.string(), errno);
    }
    place = place.parent_path();
  }
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

std::vector<fs::path> walk(const fs::path& dir, const std::function<bool(const fs::path&)>& skip) {
  std::vector<fs::path> found;
  walk_into(dir, {}, skip, found);
  std::sort(found.begin(), found.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return found;
}

}  // namespace halcyon
