#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/memory.h"
#include "base/stream.h"

namespace halcyon {

/// A file that is to be made: where, and what it is when it is complete.
struct NewFile {
  std::shared_ptr<const UniqueFd> directory;  ///< that it is made in
  std::string name;                           ///< there; it may not exist, not even as a link
  mode_t mode = 0;
  timespec time{};
  fs::path path;  ///< the whole one, for errors: which disk is full must be told
};

/// Makes files in threads of its own, so that an archive is decoded while its files are written.
/// Names are not judged here. Files are made in any order; memory is bounded. For one thread.
class FileWriters {
 public:
  explicit FileWriters(unsigned writers);
  /// Gives up what is not written yet, and waits for what is being written.
  ~FileWriters();
  FileWriters(const FileWriters&) = delete;
  FileWriters& operator=(const FileWriters&) = delete;

  /// Begins the next file. This and all below raise the first writer's Error.
  void begin(NewFile file);
  /// Adds content; what is left out between is zeros. Waits when the writers do not get on.
  void write(Bytes bytes, std::uint64_t offset);
  /// Ends the file, which has so many bytes.
  void end(std::uint64_t size);
  /// Waits until every file is complete.
  void finish();

 private:
  class File;
  /// A piece of a file's content.
  struct Piece {
    std::shared_ptr<File> file;
    std::byte* buffer = nullptr;  // a part of the pool
    std::size_t size = 0;
    std::uint64_t offset = 0;
  };

  void work();
  /// Begins a piece, as soon as there is a buffer for it.
  void begin_piece(std::uint64_t offset);
  /// Hands the piece that is filled to the writers.
  void push(bool is_last);
  void check() const;

  std::shared_ptr<File> file_;  // that is begun
  Piece piece_;                 // that is filled
  Memory pool_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;      // that wait
  std::vector<std::byte*> free_;  // buffers; the one that was used last is used next
  bool is_ended_ = false;
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;  // the last ones: they use the others
};

}  // namespace halcyon
