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

constexpr std::size_t most_at_once = 256U << 10U;  // larger writes take larger pages: slower
constexpr std::size_t most_pieces = 64;            // that wait: each file's has its directory open

}  // namespace

/// A file while it is written. The system lets one write at a time, so one writer has it.
class FileWriters::File {
 public:
  struct Piece {
    HeldBytes content;
    std::uint64_t offset = 0;
    bool is_last = false;
  };

  explicit File(NewFile what) : what_(std::move(what)) {}

  void write(const Piece& piece) {
    Bytes bytes = piece.content.bytes;
    std::uint64_t offset = piece.offset;
    if (!fd_) open();
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(fd_.get(), bytes.data(), std::min(bytes.size(), most_at_once),
                                     static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("write");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    end_ = std::max(end_, offset);
    if (piece.is_last) complete();
  }

  // Guarded by the writers' mutex, but for what only the thread that adds uses.
  std::deque<Piece> pieces;  ///< that wait
  bool has_writer = false;   ///< or waits for one
  std::uint64_t size = 0;    ///< known with the last piece

 private:
  void complete() {
    if (end_ < size && ::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) fail("write");
    const timespec times[2] = {what_.time, what_.time};
    if (::fchmod(fd_.get(), what_.mode) != 0 || ::futimens(fd_.get(), times) != 0) {
      fail("set the mode and times of");
    }
    fd_.reset();
  }

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
  UniqueFd fd_;
  std::uint64_t end_ = 0;  // of what is written
};

FileWriters::FileWriters(unsigned writers) {
  try {
    for (unsigned i = 0; i < std::max(1U, writers); ++i) {
      threads_.emplace_back([this] { work(); });
    }
  } catch (...) {  // no further thread: those that are there are joined
    stop();
    throw;
  }
}

FileWriters::~FileWriters() { stop(); }

void FileWriters::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    files_.clear();
  }
  arrived_.notify_all();
}

void FileWriters::begin(NewFile file) { file_ = std::make_shared<File>(std::move(file)); }

void FileWriters::write(HeldBytes content, std::uint64_t offset) {
  if (!piece_.bytes.empty()) push(false);
  piece_ = std::move(content);
  offset_ = offset;
}

void FileWriters::end(std::uint64_t size) {
  file_->size = size;
  push(true);
  file_.reset();
}

void FileWriters::push(bool is_last) {
  {
    std::unique_lock lock(mutex_);
    written_.wait(lock, [this] { return pieces_ < most_pieces || failure_; });
    check();
    ++pieces_;
    file_->pieces.push_back({std::exchange(piece_, {}), std::exchange(offset_, 0), is_last});
    if (std::exchange(file_->has_writer, true)) return;
    files_.push_back(file_);
  }
  arrived_.notify_one();
}

void FileWriters::finish() {
  std::unique_lock lock(mutex_);
  written_.wait(lock, [this] { return pieces_ == 0 || failure_; });
  check();
}

void FileWriters::check() const {
  if (failure_) std::rethrow_exception(failure_);
}

void FileWriters::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait(lock, [this] { return !files_.empty() || is_ended_; });
    if (files_.empty()) return;
    const std::shared_ptr<File> file = std::move(files_.front());
    files_.pop_front();
    while (!file->pieces.empty()) {
      File::Piece piece = std::move(file->pieces.front());
      file->pieces.pop_front();
      const bool is_wanted = !failure_ && !is_ended_;
      lock.unlock();
      std::exception_ptr failure;
      try {
        if (is_wanted) file->write(piece);
      } catch (...) {
        failure = std::current_exception();
      }
      piece.content = {};  // whoever waits for its memory goes on
      lock.lock();
      if (failure && !failure_) failure_ = failure;
      --pieces_;
      written_.notify_one();
    }
    file->has_writer = false;
  }
}

}  // namespace halcyon
