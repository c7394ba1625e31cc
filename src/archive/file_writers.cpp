#include "archive/file_writers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.h"

namespace halcyon {

namespace {

constexpr std::size_t piece_bytes = 256U << 10U;
constexpr std::size_t most_pieces = 32;

}  // namespace

/// A file while it is written, maybe by several writers at once.
class FileWriters::File {
 public:
  explicit File(NewFile what) : what_(std::move(what)) {}

  void write(Bytes bytes, std::uint64_t offset) {
    std::call_once(opened_, [this] { open(); });
    while (!bytes.empty()) {
      const ssize_t count =
          ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("write");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
  }

  /// When all of it is written. `end` is behind the last byte of its content, which zeros may
  /// follow.
  void complete() {
    if (end < size && ::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) fail("write");
    const timespec times[2] = {what_.time, what_.time};
    if (::fchmod(fd_.get(), what_.mode) != 0 || ::futimens(fd_.get(), times) != 0) {
      fail("set the mode and times of");
    }
    fd_.reset();
  }

  // Guarded by the writers' mutex.
  std::size_t left = 0;  ///< pieces that are not written
  bool is_whole = false;
  std::uint64_t end = 0;
  std::uint64_t size = 0;

 private:
  void open() {
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    fd_.reset(::openat(what_.directory->get(), what_.name.c_str(), flags, 0600));
    if (!fd_) fail("create");
    what_.directory.reset();
  }

  [[noreturn]] void fail(const char* doing) const {
    const int reason = errno;
    throw system_error(std::string("Cannot ") + doing + " " + what_.path.string(), reason);
  }

  NewFile what_;
  std::once_flag opened_;
  UniqueFd fd_;
};

FileWriters::FileWriters(unsigned writers) : pool_(make_memory(most_pieces * piece_bytes)) {
  for (std::size_t i = most_pieces; i-- > 0;) free_.push_back(pool_.get() + i * piece_bytes);
  for (unsigned i = 0; i < std::max(1U, writers); ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

FileWriters::~FileWriters() {
  {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    pieces_.clear();
  }
  changed_.notify_all();
}

void FileWriters::begin(NewFile file) { file_ = std::make_shared<File>(std::move(file)); }

void FileWriters::write(Bytes bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const bool follows = offset == piece_.offset + piece_.size;
    if (piece_.size > 0 && (!follows || piece_.size == piece_bytes)) push(false);
    if (piece_.buffer == nullptr) begin_piece(offset);
    const std::size_t count = std::min(bytes.size(), piece_bytes - piece_.size);
    std::copy_n(bytes.begin(), count, piece_.buffer + piece_.size);
    piece_.size += count;
    bytes = bytes.subspan(count);
    offset += count;
  }
}

void FileWriters::end(std::uint64_t size) {
  if (piece_.buffer == nullptr) begin_piece(0);
  file_->size = size;
  push(true);
}

void FileWriters::begin_piece(std::uint64_t offset) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !free_.empty() || failure_; });
  check();
  piece_ = {nullptr, free_.back(), 0, offset};
  free_.pop_back();
}

void FileWriters::push(bool is_last) {
  {
    const std::lock_guard lock(mutex_);
    check();
    file_->end = std::max(file_->end, piece_.offset + piece_.size);
    file_->is_whole = is_last;
    ++file_->left;
    piece_.file = is_last ? std::move(file_) : file_;
    pieces_.push_back(std::exchange(piece_, {}));
  }
  changed_.notify_all();
}

void FileWriters::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return free_.size() == most_pieces || failure_; });
  check();
}

void FileWriters::check() const {
  if (failure_) std::rethrow_exception(failure_);
}

void FileWriters::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !pieces_.empty() || is_ended_; });
    if (pieces_.empty()) return;
    Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    lock.unlock();
    try {
      piece.file->write({piece.buffer, piece.size}, piece.offset);
      lock.lock();
      const bool is_complete = --piece.file->left == 0 && piece.file->is_whole;
      lock.unlock();
      if (is_complete) piece.file->complete();
      lock.lock();
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      if (!failure_) failure_ = std::current_exception();
      pieces_.clear();
    }
    free_.push_back(piece.buffer);
    changed_.notify_all();
  }
}

}  // namespace halcyon
