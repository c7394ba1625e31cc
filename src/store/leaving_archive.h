#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/stopwatch.h"
#include "store/storage.h"

namespace halcyon {

/// An archive on its way while it is made: hashed, written to a file, and sent to storage where
/// that is wanted. Nothing is read again. An upload that fails does no harm to the file.
class LeavingArchive : public Sink {
 public:
  /// `begin` begins the upload; without it there is none.
  LeavingArchive(const std::filesystem::path& file,
                 const std::function<std::unique_ptr<Upload>()>& begin);

  bool write(Bytes bytes) override;
  /// Gives the file its name, when all is written.
  void keep();
  std::uint64_t bytes() const { return bytes_; }
  /// After `keep`.
  const std::string& sha256() const { return sha256_; }
  /// Since it was begun.
  const Stopwatch& watch() const { return watch_; }
  /// Upload::commit; after `keep`, once. Raises what made the upload fail at any time before.
  bool commit_upload();

 private:
  template <typename Action>
  void attempt(Action action);

  Stopwatch watch_;
  FileSink file_;
  Digest digest_;
  std::uint64_t bytes_ = 0;
  std::string sha256_;
  std::unique_ptr<Upload> upload_;
  std::exception_ptr failure_;
};

}  // namespace halcyon
