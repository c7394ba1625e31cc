#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "archive/archive.h"
#include "archive/file_list.h"
#include "base/digest.h"
#include "base/error.h"

namespace halcyon {
namespace {

struct Free {
  void operator()(struct archive* archive) const { archive_write_free(archive); }
  void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
};
using Writer = std::unique_ptr<struct archive, Free>;
using Entry = std::unique_ptr<struct archive_entry, Free>;

/// libarchive calls back through C: an Error of the sink waits here. libarchive is not told of it,
/// for after a failed write it does not free all that it has.
struct Output {
  Encoder& encoder;
  std::exception_ptr failure;
};

la_ssize_t write_out(struct archive*, void* data, const void* buffer, size_t size) {
  auto& output = *static_cast<Output*>(data);
  try {
    if (!output.failure) output.encoder.write({static_cast<const std::byte*>(buffer), size});
  } catch (...) {
    output.failure = std::current_exception();
  }
  return static_cast<la_ssize_t>(size);
}

/// Writes one tree, in the pax form.
class Packer {
 public:
  Packer(const fs::path& dir, Encoder& encoder)
      : dir_(dir), output_{encoder, nullptr}, writer_(archive_write_new()), buffer_(1U << 18U) {
    archive_write_set_format_pax(writer_.get());
    archive_write_set_bytes_per_block(writer_.get(), 0);  // the encoder has blocks of its own
    check(archive_write_open(writer_.get(), &output_, nullptr, write_out, nullptr));
  }

  void add(const fs::path& path) {
    const fs::path file = dir_ / path;
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0) {
      throw system_error("Cannot look at " + file.string(), errno);
    }
    FileEntry described = describe_entry(file, info);
    const Entry entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_mode(entry.get(), info.st_mode & (S_IFMT | 0777U));
    archive_entry_set_mtime(entry.get(), info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    newest_ = std::max(newest_, info.st_mtim.tv_sec);
    const bool is_file = described.type == FileEntry::Type::file;
    const std::string earlier = is_file ? link_to_earlier(path, info) : "";
    if (described.type == FileEntry::Type::link) {
      archive_entry_set_symlink(entry.get(), described.target.c_str());
    } else if (!earlier.empty()) {
      archive_entry_set_hardlink(entry.get(), earlier.c_str());
      described.sha256 = files_.at(earlier).sha256;
    } else if (is_file) {
      archive_entry_set_size(entry.get(), info.st_size);
    }
    if (described.type == FileEntry::Type::directory) {
      check(archive_write_finish_entry(writer_.get()));
      output_.encoder.cut();
    }
    check(archive_write_header(writer_.get(), entry.get()));
    ++stats_.entries;
    if (is_file && earlier.empty()) described.sha256 = write_content(file, described.size);
    files_.emplace(path.string(), std::move(described));
  }

  /// The list of what was added, as a file of its own. Its time is that of the newest file, so that
  /// the same tree makes the same archive.
  std::string add_list(const std::string& name) {
    std::string text = format_files(files_);
    const Entry entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_mode(entry.get(), S_IFREG | 0644);
    archive_entry_set_mtime(entry.get(), newest_, 0);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(text.size()));
    check(archive_write_header(writer_.get(), entry.get()));
    check(archive_write_data(writer_.get(), text.data(), text.size()));
    ++stats_.entries;
    stats_.tree_bytes += text.size();
    return text;
  }

  ArchiveStats finish() {
    check(archive_write_close(writer_.get()));
    return stats_;
  }

 private:
  void check(la_ssize_t result) {
    if (output_.failure) std::rethrow_exception(output_.failure);
    // A warning tells of a name that is not in our character set: its bytes are kept.
    if (result >= ARCHIVE_OK || result == ARCHIVE_WARN) return;
    const char* why = archive_error_string(writer_.get());
    throw Error("archive::write-failed", "Cannot archive " + dir_.string())
        .why(why == nullptr ? "libarchive failed" : why);
  }

  /// The path under which the same file has been added; empty when it has not.
  std::string link_to_earlier(const fs::path& path, const struct stat& info) {
    if (info.st_nlink < 2) return {};
    const auto [known, is_new] =
        linked_.emplace(std::pair{info.st_dev, info.st_ino}, path.string());
    return is_new ? "" : known->second;
  }

  /// The content's digest.
  std::string write_content(const fs::path& file, std::uint64_t size) {
    FileSource source(file);
    Digest digest;
    std::uint64_t written = 0;
    while (const std::size_t count = source.read(buffer_)) {
      written += count;
      if (written > size) break;
      digest.update(std::span(buffer_).first(count));
      check(archive_write_data(writer_.get(), buffer_.data(), count));
    }
    if (written != size) {
      throw Error("archive::file-changed", "Cannot archive " + file.string())
          .why("It changed while it was being read");
    }
    stats_.tree_bytes += size;
    return digest.hex();
  }

  const fs::path& dir_;
  Output output_;
  Writer writer_;
  std::vector<std::byte> buffer_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
  FileList files_;
  time_t newest_ = 0;
  ArchiveStats stats_;
};

}  // namespace

std::size_t place_among(const std::vector<std::string>& names, const fs::path& path) {
  const std::string& text = path.native();
  const auto found = std::find_if(names.begin(), names.end(), [&text](const std::string& name) {
    return text.starts_with(name) && (text.size() == name.size() || text[name.size()] == '/');
  });
  return static_cast<std::size_t>(found - names.begin());
}

ArchiveStats pack(const fs::path& dir, Sink& out, Format format, unsigned threads,
                  const PackOptions& options, std::string* listed) {
  const std::unique_ptr<Encoder> encoder =
      make_encoder(format, out, threads, options.effort, options.earlier);
  Packer packer(dir, *encoder);
  for (const std::string& name : options.first) {
    if (fs::exists(fs::symlink_status(dir / name))) continue;
    throw system_error("Cannot look at " + (dir / name).string(), ENOENT);
  }
  std::vector<fs::path> paths = walk(dir, options.skip);
  std::stable_sort(paths.begin(), paths.end(), [&](const fs::path& a, const fs::path& b) {
    return place_among(options.first, a) < place_among(options.first, b);
  });
  for (const fs::path& path : paths) {
    if (options.list.empty() || path != options.list) packer.add(path);
  }
  if (!options.list.empty()) {
    std::string text = packer.add_list(options.list);
    if (listed != nullptr) *listed = std::move(text);
  }
  const ArchiveStats stats = packer.finish();
  encoder->finish();
  return stats;
}

}  // namespace halcyon
