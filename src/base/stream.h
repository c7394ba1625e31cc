#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "base/digest.h"
#include "base/files.h"

/// Byte streams: every transfer and archive is a chain of these.
namespace halcyon {

using Bytes = std::span<const std::byte>;

/// Where bytes come from.
class Source {
 public:
  virtual ~Source() = default;
  /// Fills at most `buffer` bytes; 0 means the end. Failure raises an Error.
  virtual std::size_t read(std::span<std::byte> buffer) = 0;
};

/// Where bytes go to.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes all bytes. Returns false when the sink wants no more (a reader that has seen enough).
  virtual bool write(Bytes bytes) = 0;
};

/// Reads a file from its start, or from its byte number `from`.
class FileSource : public Source {
 public:
  explicit FileSource(const std::filesystem::path& file, std::uint64_t from = 0);
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  std::filesystem::path file_;
  UniqueFd fd_;
};

/// Writes a file under a temporary name; `commit` gives it its name, otherwise it vanishes.
class FileSink : public Sink {
 public:
  explicit FileSink(std::filesystem::path file, unsigned mode = 0644);
  ~FileSink() override;
  bool write(Bytes bytes) override;
  /// fsync, rename, fsync of the directory.
  void commit();
  /// The rename alone: at once, and atomic, but after a crash of the machine the file may be empty.
  void commit_lightly();

 private:
  std::filesystem::path file_;
  std::filesystem::path dir_;
  std::filesystem::path temporary_;
  UniqueFd fd_;
};

/// Collects into a string, up to `limit` bytes (an Error beyond).
class StringSink : public Sink {
 public:
  explicit StringSink(std::uint64_t limit = 64U << 20U) : limit_(limit) {}
  bool write(Bytes bytes) override;
  std::string text;

 private:
  std::uint64_t limit_;
};

/// Passes on at most `limit` bytes; Error "stream::too-long" when there are more.
class BoundedSink : public Sink {
 public:
  BoundedSink(Sink& sink, std::uint64_t limit) : sink_(sink), left_(limit) {}
  bool write(Bytes bytes) override;

 private:
  Sink& sink_;
  std::uint64_t left_;
};

/// Takes everything and keeps nothing.
class NoSink : public Sink {
 public:
  bool write(Bytes) override { return true; }
};

/// Reads from memory; the text must outlive it.
class StringSource : public Source {
 public:
  explicit StringSource(std::string_view text) : rest_(text) {}
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  std::string_view rest_;
};

/// Passes on what it reads and keeps its SHA-256 and length.
class HashingSource : public Source {
 public:
  explicit HashingSource(Source& source) : source_(source) {}
  std::size_t read(std::span<std::byte> buffer) override;
  std::uint64_t bytes() const { return bytes_; }
  /// Reads what is left, then ends the digest; call once.
  std::string finish();

 private:
  Source& source_;
  Digest digest_;
  std::uint64_t bytes_ = 0;
};

/// Passes on what is written and keeps its SHA-256 and length.
class HashingSink : public Sink {
 public:
  explicit HashingSink(Sink& sink) : sink_(sink) {}
  bool write(Bytes bytes) override;
  std::uint64_t bytes() const { return bytes_; }
  /// Ends the digest; call once.
  std::string hex() { return digest_.hex(); }

 private:
  Sink& sink_;
  Digest digest_;
  std::uint64_t bytes_ = 0;
};

}  // namespace halcyon
