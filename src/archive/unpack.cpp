#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "archive/archive.h"
#include "archive/codec.h"
#include "archive/file_writers.h"
#include "base/error.h"

namespace halcyon {
namespace {

struct Free {
  void operator()(struct archive* archive) const { archive_read_free(archive); }
};

Error unsafe(const std::string& name, const std::string& why) {
  return Error("archive::unsafe-entry", "The archive has an unsafe entry: " + name).why(why);
}

/// libarchive's view of a decoded stream; an Error of the decoder waits here.
struct Input {
  Decoder& decoder;
  Blocks blocks;
  HeldBytes last;  // that it has got
  std::exception_ptr failure;
};

la_ssize_t read_in(struct archive* archive, void* data, const void** bytes) {
  auto& input = *static_cast<Input*>(data);
  try {
    input.last = {};  // what it has not taken of it is copied
    input.last = input.decoder.next(input.blocks);
    *bytes = input.last.bytes.data();
    return static_cast<la_ssize_t>(input.last.bytes.size());
  } catch (...) {
    input.failure = std::current_exception();
    archive_set_error(archive, EIO, "the decoder failed");
    return -1;
  }
}

/// Reads the entries of a tar stream.
class Reader {
 public:
  explicit Reader(Decoder& tar) : input_{tar, {}, {}, nullptr}, reader_(archive_read_new()) {
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

  /// Takes bytes, some at least, from the beginning of what was read, to be held as long as the
  /// reader lives.
  HeldBytes take(Bytes& bytes) {
    const Bytes& last = input_.last.bytes;
    const std::less_equal<> before;
    HeldBytes taken;
    if (before(last.data(), bytes.data()) &&
        before(bytes.data() + bytes.size(), last.data() + last.size())) {
      taken = {input_.last.owner, bytes};
    } else {  // libarchive had to put it together
      taken = input_.blocks.copy(bytes.first(std::min(bytes.size(), Blocks::block_bytes)));
    }
    bytes = bytes.subspan(taken.bytes.size());
    return taken;
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

/// Writes entries below a directory, following no link on the way. Names are judged here, in the
/// archive's order; files are made by several writers.
class TreeWriter {
 public:
  TreeWriter(const fs::path& dir, const fs::path& home, unsigned writers)
      : dir_(dir), home_(home.lexically_normal()), writers_(writers) {
    if (!home_.has_filename()) home_ = home_.parent_path();
    make_directories(dir);
    UniqueFd root(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root) throw system_error("Cannot open " + dir.string(), errno);
    last_ = root_ = std::make_shared<UniqueFd>(std::move(root));
  }

  void add_directory(const fs::path& path, struct archive_entry* entry) {
    if (!path.empty()) {
      claim(path, Kind::directory);
      open_directory(path, path);
      directories_.push_back({path, mode_of(entry), time_of(entry)});
    }
  }

  void add_symlink(const fs::path& path, struct archive_entry* entry) {
    const char* target = archive_entry_symlink(entry);
    if (target == nullptr || *target == '\0') throw unsafe(path, "It is a link to nothing");
    claim(path, Kind::link);
    links_.emplace(path, target);
    const auto parent = open_directory(path.parent_path(), path);
    if (::symlinkat(target, parent->get(), path.filename().c_str()) != 0)
      fail("make the link", path);
    const timespec times[2] = {time_of(entry), time_of(entry)};
    ::utimensat(parent->get(), path.filename().c_str(), times, AT_SYMLINK_NOFOLLOW);
  }

  void add_hard_link(const fs::path& path, const fs::path& to) {
    const auto file = entries_.find(to.native());
    if (file == entries_.end() || file->second != Kind::file) {
      throw unsafe(path, "It is a hard link to " + to.string() + ", which is no earlier file");
    }
    claim(path, Kind::file);
    open_directory(path.parent_path(), path);
    hard_links_.emplace_back(path, to);  // made when the file is there
  }

  /// Begins a file; its content and its end go to the writers.
  FileWriters& add_file(const fs::path& path, struct archive_entry* entry) {
    claim(path, Kind::file);
    writers_.begin({open_directory(path.parent_path(), path), path.filename(), mode_of(entry),
                    time_of(entry), dir_ / path});
    return writers_;
  }

  /// What can be done only when all entries are there.
  void finish() {
    writers_.finish();
    for (const auto& [path, to] : hard_links_) {
      const auto to_parent = open_directory(to.parent_path(), to);
      const auto parent = open_directory(path.parent_path(), path);
      if (::linkat(to_parent->get(), to.filename().c_str(), parent->get(), path.filename().c_str(),
                   0) != 0) {
        fail("make the link", path);
      }
    }
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
      const auto opened = open_directory(directory->path, directory->path);
      const timespec times[2] = {directory->time, directory->time};
      if (::fchmod(opened->get(), directory->mode) != 0 || ::futimens(opened->get(), times) != 0) {
        fail("set the mode and times of", directory->path);
      }
    }
  }

 private:
  enum class Kind { directory, implied_directory, file, link };

  /// Names the whole path: which disk is full must be told.
  [[noreturn]] void fail(const char* doing, const fs::path& path) const {
    const int reason = errno;
    throw system_error(std::string("Cannot ") + doing + " " + (dir_ / path).string(), reason);
  }

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
  void claim(const fs::path& path, Kind kind) {
    const auto [entry, is_new] = entries_.emplace(path.native(), kind);
    if (is_new) return;
    if (kind != Kind::directory || entry->second != Kind::implied_directory) {
      throw unsafe(path, "It is there twice");
    }
    entry->second = kind;
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

  /// Opens a directory for the entry `path`, making what is missing, without following links. The
  /// last one is kept: neighbours come one after the other.
  std::shared_ptr<const UniqueFd> open_directory(const fs::path& wanted, const fs::path& path) {
    if (last_path_ != wanted) {
      last_ = walk_to(wanted, path);
      last_path_ = wanted;
    }
    return last_;
  }

  std::shared_ptr<const UniqueFd> walk_to(const fs::path& wanted, const fs::path& path) {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    auto at = root_;
    fs::path so_far;
    for (const fs::path& part : wanted) {
      so_far /= part;
      // Of ours a file may not be there yet.
      const auto known = entries_.find(so_far.native());
      const bool is_other =
          known != entries_.end() && (known->second == Kind::file || known->second == Kind::link);
      UniqueFd next(is_other ? -1 : ::openat(at->get(), part.c_str(), flags));
      if (!next && !is_other && errno == ENOENT) {
        if (::mkdirat(at->get(), part.c_str(), 0755) != 0) fail("make the directory", so_far);
        entries_.emplace(so_far.native(), Kind::implied_directory);
        next.reset(::openat(at->get(), part.c_str(), flags));
      }
      if (is_other || (!next && (errno == ELOOP || errno == ENOTDIR))) {
        throw unsafe(path, "It lies below " + so_far.string() + ", which is no directory");
      }
      if (!next) fail("open", so_far);
      at = std::make_shared<UniqueFd>(std::move(next));
    }
    return at;
  }

  fs::path dir_;
  fs::path home_;
  std::shared_ptr<UniqueFd> root_;
  std::map<std::string, Kind> entries_;
  std::map<fs::path, fs::path> links_;  // to their targets
  std::vector<std::pair<fs::path, fs::path>> hard_links_;
  std::vector<Directory> directories_;
  fs::path last_path_;
  std::shared_ptr<const UniqueFd> last_;
  FileWriters writers_;
};

void write_content(Reader& reader, FileWriters& file, const fs::path& path, std::uint64_t declared,
                   std::uint64_t& total, std::uint64_t limit) {
  Bytes bytes;
  std::int64_t offset = 0;
  while (reader.read(bytes, offset)) {
    if (offset < 0) throw unsafe(path, "Its content is misplaced");
    total += bytes.size();
    const std::uint64_t end = static_cast<std::uint64_t>(offset) + bytes.size();
    if (total > limit || end > declared) throw unsafe(path, "The archive's content is too large");
    while (!bytes.empty()) {
      const std::uint64_t at = end - bytes.size();
      file.write(reader.take(bytes), at);
    }
  }
  file.end(declared);
}

/// Unpacks entries until the end, or the first one that is not wanted.
ArchiveStats unpack_entries(Decoder& tar, const fs::path& dir, const fs::path& home,
                            const UnpackOptions& options) {
  Reader reader(tar);
  constexpr unsigned most_writers = 4;
  TreeWriter tree(dir, home, std::min(options.threads, most_writers));
  ArchiveStats stats;
  while (struct archive_entry* entry = reader.next()) {
    const fs::path path = safe_path(archive_entry_pathname(entry));
    if (!options.first.empty() && place_among(options.first, path) == options.first.size()) break;
    if (++stats.entries > options.max_entries) {
      throw unsafe(path, "The archive has too many entries");
    }
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
      write_content(reader, tree.add_file(path, entry), path, static_cast<std::uint64_t>(size),
                    stats.tree_bytes, options.max_bytes);
    } else {
      throw unsafe(path, "It is neither a file, a directory nor a link");
    }
  }
  tree.finish();
  return stats;
}

}  // namespace

ArchiveStats unpack(Source& in, const fs::path& dir, const fs::path& home,
                    const UnpackOptions& options) {
  std::vector<std::byte> rest(1U << 16U);
  ArchiveStats stats;
  {
    const std::unique_ptr<Decoder> tar = make_decoder(in, options.threads, options.checked_by);
    stats = unpack_entries(*tar, dir, home, options);
    // What follows the end of the tar stream: its padding, and the checks of the codec.
    while (options.first.empty() && tar->read(rest) > 0) {
    }
  }
  while (in.read(rest) > 0) {
  }
  return stats;
}

}  // namespace halcyon
