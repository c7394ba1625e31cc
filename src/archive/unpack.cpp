#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <vector>

#include "archive/archive.h"
#include "base/error.h"

namespace halcyon {
namespace {

struct Free {
  void operator()(struct archive* archive) const { archive_read_free(archive); }
};

Error unsafe(const std::string& name, const std::string& why) {
  return Error("archive::unsafe-entry", "The archive has an unsafe entry: " + name).why(why);
}

/// libarchive's view of a decoded stream; an Error of the source waits here.
struct Input {
  Source& source;
  std::vector<std::byte> buffer;
  std::exception_ptr failure;
};

la_ssize_t read_in(struct archive* archive, void* data, const void** bytes) {
  auto& input = *static_cast<Input*>(data);
  try {
    *bytes = input.buffer.data();
    return static_cast<la_ssize_t>(input.source.read(input.buffer));
  } catch (...) {
    input.failure = std::current_exception();
    archive_set_error(archive, EIO, "the source failed");
    return -1;
  }
}

/// Reads the entries of a tar stream.
class Reader {
 public:
  explicit Reader(Source& tar)
      : input_{tar, std::vector<std::byte>(1U << 18U), nullptr}, reader_(archive_read_new()) {
    archive_read_support_filter_none(reader_.get());
    archive_read_support_format_tar(reader_.get());
    check(archive_read_open(reader_.get(), &input_, nullptr, read_in, nullptr));
  }

  /// The next entry; nullptr at the end.
  struct archive_entry* next() {
    struct archive_entry* entry = nullptr;
    const int result = archive_read_next_header(reader_.get(), &entry);
    if (result == ARCHIVE_EOF) return nullptr;
    check(result);
    return entry;
  }

  /// The next piece of the entry's content, and where it belongs; false at its end.
  bool read(Bytes& bytes, std::int64_t& offset) {
    const void* buffer = nullptr;
    std::size_t size = 0;
    la_int64_t at = 0;
    const int result = archive_read_data_block(reader_.get(), &buffer, &size, &at);
    if (result == ARCHIVE_EOF) return false;
    check(result);
    bytes = {static_cast<const std::byte*>(buffer), size};
    offset = at;
    return true;
  }

 private:
  void check(int result) {
    // A warning tells of a name that is not in our character set: its bytes are kept.
    if (result >= ARCHIVE_OK || result == ARCHIVE_WARN) return;
    if (input_.failure) std::rethrow_exception(input_.failure);
    const char* text = archive_error_string(reader_.get());
    const std::string why = text == nullptr ? "libarchive failed" : text;
    if (why.find("runcated") != std::string::npos) {
      throw Error("archive::truncated", "The archive ends early").why(why);
    }
    throw Error("archive::corrupt", "The archive cannot be read").why(why);
  }

  Input input_;
  std::unique_ptr<struct archive, Free> reader_;
};

/// An entry's name as a path that stays inside: no absolute names, no `..`.
fs::path safe_path(const char* name) {
  if (name == nullptr) throw unsafe("(no name)", "Its name cannot be read");
  const fs::path path(name);
  if (path.is_absolute()) throw unsafe(name, "Its name is absolute");
  fs::path clean;
  for (const fs::path& part : path) {
    if (part == "..") throw unsafe(name, "Its name leads out of the archive");
    if (part != "." && !part.empty()) clean /= part;
  }
  return clean;
}

/// Writes entries below a directory, following no link on the way.
class TreeWriter {
 public:
  TreeWriter(const fs::path& dir, const fs::path& home)
      : dir_(dir), home_(home.lexically_normal()) {
    if (!home_.has_filename()) home_ = home_.parent_path();
    make_directories(dir);
    root_.reset(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root_) throw system_error("Cannot open " + dir.string(), errno);
  }

  void add_directory(const fs::path& path, struct archive_entry* entry) {
    if (!path.empty()) {
      claim(path, true);
      open_parent(path, true);
      directories_.push_back({path, mode_of(entry), time_of(entry)});
    }
  }

  void add_symlink(const fs::path& path, struct archive_entry* entry) {
    const char* target = archive_entry_symlink(entry);
    if (target == nullptr || *target == '\0') throw unsafe(path, "It is a link to nothing");
    claim(path, false);
    links_.emplace(path, target);
    const UniqueFd parent = open_parent(path, false);
    if (::symlinkat(target, parent.get(), path.filename().c_str()) != 0)
      fail("make the link", path);
    const timespec times[2] = {time_of(entry), time_of(entry)};
    ::utimensat(parent.get(), path.filename().c_str(), times, AT_SYMLINK_NOFOLLOW);
  }

  void add_hard_link(const fs::path& path, const fs::path& to) {
    if (!files_.contains(to)) {
      throw unsafe(path, "It is a hard link to " + to.string() + ", which is no earlier file");
    }
    claim(path, false);
    files_.insert(path);
    const UniqueFd parent = open_parent(path, false);
    const UniqueFd to_parent = open_parent(to, false);
    if (::linkat(to_parent.get(), to.filename().c_str(), parent.get(), path.filename().c_str(),
                 0) != 0) {
      fail("make the link", path);
    }
  }

  /// Creates the file, for `fill` to write to.
  template <typename Fill>
  void add_file(const fs::path& path, struct archive_entry* entry, Fill fill) {
    claim(path, false);
    files_.insert(path);
    const UniqueFd parent = open_parent(path, false);
    const UniqueFd file(::openat(parent.get(), path.filename().c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) fail("create", path);
    fill(file.get());
    const timespec times[2] = {time_of(entry), time_of(entry)};
    if (::fchmod(file.get(), mode_of(entry)) != 0 || ::futimens(file.get(), times) != 0) {
      fail("set the mode and times of", path);
    }
  }

  /// What can be done only when all entries are there.
  void finish() {
    // Only now are the links known that another link's target goes through.
    for (const auto& [path, target] : links_) {
      if (leads_out(path)) {
        throw unsafe(path, "It is a link out of the archive, to " + target.string());
      }
    }
    // Modes and times, innermost first: a read-only directory could not be filled before.
    std::sort(directories_.begin(), directories_.end(),
              [](const Directory& a, const Directory& b) { return a.path < b.path; });
    for (auto directory = directories_.rbegin(); directory != directories_.rend(); ++directory) {
      const UniqueFd parent = open_parent(directory->path, true);
      const timespec times[2] = {directory->time, directory->time};
      if (::fchmod(parent.get(), directory->mode) != 0 || ::futimens(parent.get(), times) != 0) {
        fail("set the mode and times of", directory->path);
      }
    }
  }

  /// Names the whole path: which disk is full must be told.
  [[noreturn]] void fail(const char* doing, const fs::path& path) const {
    const int reason = errno;
    throw system_error(std::string("Cannot ") + doing + " " + (dir_ / path).string(), reason);
  }

 private:
  struct Directory {
    fs::path path;
    mode_t mode;
    timespec time;
  };

  static mode_t mode_of(struct archive_entry* entry) { return archive_entry_mode(entry) & 0777U; }
  static timespec time_of(struct archive_entry* entry) {
    return {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
  }

  /// Each name once: a second entry could replace what was checked before.
  void claim(const fs::path& path, bool is_directory) {
    if (!seen_.insert(path).second && !(is_directory && implied_.erase(path) > 0)) {
      throw unsafe(path, "It is there twice");
    }
  }

  /// Whether following the link at `link` leaves the tree; its target may go through other links.
  bool leads_out(const fs::path& link) const {
    constexpr int most_links = 40;  // the kernel follows no more
    fs::path at = link.parent_path();
    std::vector<fs::path> todo;  // the next part last
    const auto follow = [&](const fs::path& target) {
      auto begin = target.begin();
      if (target.is_absolute()) {
        const auto [rest_of_home, rest] =
            std::mismatch(home_.begin(), home_.end(), target.begin(), target.end());
        if (home_.empty() || rest_of_home != home_.end()) return false;
        at.clear();
        begin = rest;
      }
      for (auto part = target.end(); part != begin;) todo.push_back(*--part);
      return true;
    };
    if (!follow(links_.at(link))) return true;
    for (int followed = 0; !todo.empty();) {
      const fs::path part = todo.back();
      todo.pop_back();
      if (part == "..") {
        if (at.empty()) return true;
        at = at.parent_path();
      } else if (part != "." && !part.empty()) {
        at /= part;
        const auto next = links_.find(at);
        if (next == links_.end()) continue;
        if (++followed > most_links) return false;
        at = at.parent_path();
        if (!follow(next->second)) return true;
      }
    }
    return false;
  }

  /// Opens the directory that holds `path` (or `path` itself), making what is missing, without
  /// following links. The last one is kept: neighbours come one after the other.
  UniqueFd open_parent(const fs::path& path, bool itself) {
    const fs::path wanted = itself ? path : path.parent_path();
    if (!last_ || last_path_ != wanted) {
      last_ = walk_to(wanted, path);
      last_path_ = wanted;
    }
    return UniqueFd(::fcntl(last_.get(), F_DUPFD_CLOEXEC, 0));
  }

  UniqueFd walk_to(const fs::path& wanted, const fs::path& path) {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd at(::fcntl(root_.get(), F_DUPFD_CLOEXEC, 0));
    fs::path so_far;
    for (const fs::path& part : wanted) {
      so_far /= part;
      UniqueFd next(::openat(at.get(), part.c_str(), flags));
      if (!next && errno == ENOENT) {
        if (::mkdirat(at.get(), part.c_str(), 0755) != 0) fail("make the directory", so_far);
        if (seen_.insert(so_far).second) implied_.insert(so_far);
        next.reset(::openat(at.get(), part.c_str(), flags));
      }
      if (!next && (errno == ELOOP || errno == ENOTDIR)) {
        throw unsafe(path, "It lies below " + so_far.string() + ", which is no directory");
      }
      if (!next) fail("open", so_far);
      at = std::move(next);
    }
    return at;
  }

  fs::path dir_;
  fs::path home_;
  UniqueFd root_;
  std::set<fs::path> seen_;
  std::set<fs::path> implied_;  // made on the way, an entry of their own may follow
  std::set<fs::path> files_;
  std::map<fs::path, fs::path> links_;  // to their targets
  std::vector<Directory> directories_;
  fs::path last_path_;
  UniqueFd last_;
};

void write_content(Reader& reader, const TreeWriter& tree, int file, const fs::path& path,
                   std::uint64_t declared, std::uint64_t& total, std::uint64_t limit) {
  Bytes bytes;
  std::int64_t offset = 0;
  std::uint64_t end = 0;
  while (reader.read(bytes, offset)) {
    if (offset < 0) throw unsafe(path, "Its content is misplaced");
    total += bytes.size();
    end = static_cast<std::uint64_t>(offset) + bytes.size();
    if (total > limit || end > declared) throw unsafe(path, "The archive's content is too large");
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), offset);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) tree.fail("write", path);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += count;
    }
  }
  if (end < declared && ::ftruncate(file, static_cast<off_t>(declared)) != 0) {
    tree.fail("write", path);
  }
}

}  // namespace

ArchiveStats unpack(Source& in, const fs::path& dir, const fs::path& home,
                    const UnpackOptions& options) {
  const std::unique_ptr<Source> tar = make_decoder(in, options.threads);
  Reader reader(*tar);
  TreeWriter tree(dir, home);
  ArchiveStats stats;
  while (struct archive_entry* entry = reader.next()) {
    const fs::path path = safe_path(archive_entry_pathname(entry));
    if (++stats.entries > options.max_entries) {
      throw unsafe(path, "The archive has too many entries");
    }
    if (options.only && !options.only(path)) continue;
    if ((archive_entry_mode(entry) & (S_ISUID | S_ISGID)) != 0) {
      throw unsafe(path, "It would run with another user's rights (set-id)");
    }
    const auto type = archive_entry_filetype(entry);
    if (const char* link = archive_entry_hardlink(entry)) {
      tree.add_hard_link(path, safe_path(link));
    } else if (type == AE_IFDIR) {
      tree.add_directory(path, entry);
    } else if (path.empty()) {
      throw unsafe("(no name)", "It has no name");
    } else if (type == AE_IFLNK) {
      tree.add_symlink(path, entry);
    } else if (type == AE_IFREG) {
      const std::int64_t size = archive_entry_size(entry);
      if (size < 0 || static_cast<std::uint64_t>(size) > options.max_bytes) {
        throw unsafe(path, "The archive's content is too large");
      }
      tree.add_file(path, entry, [&](int file) {
        write_content(reader, tree, file, path, static_cast<std::uint64_t>(size), stats.tree_bytes,
                      options.max_bytes);
      });
    } else {
      throw unsafe(path, "It is neither a file, a directory nor a link");
    }
  }
  tree.finish();
  // What follows the end of the tar stream: its padding, and the checks of the codec.
  std::vector<std::byte> rest(1U << 16U);
  while (tar->read(rest) > 0) {
  }
  while (in.read(rest) > 0) {
  }
  return stats;
}

std::optional<std::string> read_first_entry(Source& in, const std::string& name) {
  const std::unique_ptr<Source> tar = make_decoder(in, 1);
  Reader reader(*tar);
  struct archive_entry* entry = reader.next();
  if (entry == nullptr || archive_entry_filetype(entry) != AE_IFREG ||
      archive_entry_size(entry) > (1 << 20) || safe_path(archive_entry_pathname(entry)) != name) {
    return {};
  }
  StringSink text;
  Bytes bytes;
  std::int64_t offset = 0;
  while (reader.read(bytes, offset)) text.write(bytes);
  return text.text;
}

}  // namespace halcyon
