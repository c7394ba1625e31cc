#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/stream.h"

/// Where archives live. Implementations only move bytes; policy stands in depot.h.
namespace halcyon {

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
};

/// How much of a listing is wanted: what one request tells, or all.
enum class Pages { first, all };

struct Listing {
  std::vector<ObjectInfo> objects;
  bool has_more = false;  ///< than the first page
};

/// Who compares what comes with its SHA-256: storage, where it was stored with the object, or the
/// caller, who knows it and hashes it already.
enum class Check { by_storage, by_caller };

/// What becomes of an object whose key a new one gets. Servers that cannot tell keep nothing when
/// two writers come at the same time.
enum class IfThere { replace, keep };

/// An object on its way into storage: what is written is sent while more comes. Nothing becomes of
/// one that is not committed. What fails is raised by the next write, or by the commit.
class Upload : public Sink {
 public:
  /// Makes an object of what was written, whose digest is `sha256`: all of it appears at once.
  /// False when there is an object already that is to be kept, and it is another one.
  virtual bool commit(const std::string& sha256) = 0;
};

/// What is known of an object before it is written: each saves a request or a buffer.
struct Foreknown {
  std::string sha256{};
  std::uint64_t bytes = 0;
};

/// A flat key-value store of files. Keys are relative paths ("linux-debian-12-x64/x.tar.xz",
/// "original/ghc.tar.xz"), valid UTF-8, without empty, "." or ".." parts.
class Storage {
 public:
  virtual ~Storage() = default;
  /// For the log: "s3://bucket", "directory /srv/halcyon". No secrets.
  virtual std::string describe() const = 0;
  /// The object's URL or path for the log and for errors.
  virtual std::string describe(std::string_view key) const = 0;
  /// The server that it is on and how it is reached, for the log; empty when there is none of note.
  virtual std::string describe_server() const { return {}; }
  /// Whether nothing can be stored in it or removed: public storage.
  virtual bool read_only() const { return false; }
  /// The objects whose keys start with `prefix`, sorted by key, as far as they are wanted.
  virtual Listing list_pages(std::string_view prefix, Pages pages) = 0;
  /// All of them.
  std::vector<ObjectInfo> list(std::string_view prefix) {
    return list_pages(prefix, Pages::all).objects;
  }
  /// Streams an object into `sink`; false when there is none. A body that ends early raises
  /// Error "storage::truncated"; one that is not what was stored, "storage::corrupt". A sink that
  /// wants no more ends the transfer without error.
  virtual bool get(std::string_view key, Sink& sink, Check check = Check::by_storage) = 0;
  /// Begins to store an object under `key`. The storage must outlive it.
  virtual std::unique_ptr<Upload> begin(std::string_view key, IfThere if_there,
                                        const Foreknown& known = {}) = 0;
  /// Stores a file under `key`. `sha256` is its digest, known from writing it. False as with
  /// Upload::commit.
  bool put(std::string_view key, const std::filesystem::path& file, const std::string& sha256,
           IfThere if_there = IfThere::replace);
  /// The SHA-256 that belongs to an object; nothing when there is none, or when it is not known.
  virtual std::optional<std::string> digest(std::string_view key) = 0;
  /// Removes an object; one that is not there is fine.
  virtual void remove(std::string_view key) = 0;
  /// The same storage with connections of its own, for another thread. It takes less memory.
  virtual std::unique_ptr<Storage> another() const = 0;
};

/// Whether an Error of Storage::get tells of bytes that are not those that were stored; they may be
/// on the next attempt.
bool is_damage(const Error& error);
/// Manifests, companions, notes: bytes, at most.
constexpr std::uint64_t largest_small_file = 4U << 20U;
/// Reads a small file, again when it was damaged on its way; nothing when there is none.
std::optional<std::string> read_small(Storage& storage, const std::string& key);

/// Whether the text has the form of a key (see Storage); control characters, more than 1024 bytes
/// and parts that are temporary names are refused too.
bool is_key(std::string_view text);
/// Raises Error "storage::bad-key" unless `is_key(key)`.
void check_key(std::string_view key);
/// Whether a file's name is that of a file still being written: ".*.tmp".
bool is_temporary_name(std::string_view name);

}  // namespace halcyon
