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

#include "archive/blocks.h"

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
/// Names are not judged here. Files are made in any order, each by one writer at a time; what waits
/// is bounded. For one thread.
class FileWriters {
 public:
  explicit FileWriters(unsigned writers);
  /// Gives up what is not written yet, and waits for what is being written.
  ~FileWriters();
  FileWriters(const FileWriters&) = delete;
  FileWriters& operator=(const FileWriters&) = delete;

  /// Begins the next file. This and all below raise the first writer's Error.
  void begin(NewFile file);
  /// Adds content, which is held until it is written; what is left out between is zeros. Waits
  /// when the writers do not get on.
  void write(HeldBytes content, std::uint64_t offset);
  /// Ends the file, which has so many bytes.
  void end(std::uint64_t size);
  /// Waits until every file is complete.
  void finish();

 private:
  class File;

  void work();
  void stop();
  /// Hands the last piece of the file to the writers.
  void push(bool is_last);
  void check() const;

  std::shared_ptr<File> file_;  // that is begun
  HeldBytes piece_;             // of it, that was added last
  std::uint64_t offset_ = 0;    // of that

  std::mutex mutex_;
  std::condition_variable arrived_;          // a file to write, or the end
  std::condition_variable written_;          // a piece, or there is a failure
  std::deque<std::shared_ptr<File>> files_;  // that have pieces, and no writer
  std::size_t pieces_ = 0;                   // that are not written
  bool is_ended_ = false;
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;  // the last ones: they use the others
};

}  // namespace halcyon
