#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "archive/frames.h"
#include "base/error.h"

namespace halcyon::codec {
namespace {

constexpr unsigned most_threads = 3;
constexpr std::size_t usual_frame = 4U << 20U;  // packed; what is not touched takes no memory

/// What became of a frame.
struct Slot {
  enum class State { free, working, ready, streams, failed, at_end };
  State state = State::free;
  Memory bytes;
  std::size_t room = 0;
  std::size_t count = 0;
  std::exception_ptr failure;
};

/// Workers take frames out of the input in turns, and unpack them beside each other. Each frame has
/// a slot, in their order; the reader empties them in the same order.
class FramesDecoder : public Source {
 public:
  FramesDecoder(Input input, std::unique_ptr<FrameFormat> format, unsigned threads)
      : input_(std::move(input)),
        format_(std::move(format)),
        threads_(std::clamp(threads, 1U, most_threads)),
        slots_(threads_ + 1) {}

  ~FramesDecoder() override {
    {
      const std::lock_guard lock(mutex_);
      is_unwanted_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  FramesDecoder(const FramesDecoder&) = delete;
  FramesDecoder& operator=(const FramesDecoder&) = delete;

  std::size_t read(std::span<std::byte> buffer) override {
    const Bytes bytes = current();
    if (stream_) return stream_->read(buffer);
    if (bytes.empty()) return 0;
    const std::size_t count = std::min(buffer.size(), bytes.size());
    std::memcpy(buffer.data(), bytes.data(), count);
    given_ += count;
    free_what_is_given();
    return count;
  }

  Bytes next(std::span<std::byte> buffer) override {
    const Bytes bytes = current();
    if (stream_) return stream_->next(buffer);
    given_ += bytes.size();
    return bytes;
  }

 private:
  /// What has not been given yet of the frame that is read, or of the next one. Empty at the end,
  /// and where a stream begins.
  Bytes current() {
    while (workers_.size() < threads_) workers_.emplace_back([this] { work(); });
    while (!stream_) {
      free_what_is_given();
      if (read_ != nullptr) return Bytes(read_->bytes.get(), read_->count).subspan(given_);
      Slot& slot = slots_[first_ % slots_.size()];
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return slot.state > Slot::State::working; });
      }
      if (slot.state == Slot::State::at_end) break;
      if (slot.state == Slot::State::failed) std::rethrow_exception(slot.failure);
      if (slot.state == Slot::State::streams) {
        stream_ = format_->stream(input_);
      } else {
        read_ = &slot;
      }
    }
    return {};
  }

  void free_what_is_given() {
    if (read_ == nullptr || given_ < read_->count) return;
    given_ = 0;
    ++first_;
    set(*std::exchange(read_, nullptr), Slot::State::free);
  }

  void work() {
    std::unique_ptr<FrameUnpacker> unpacker;
    std::vector<std::byte> frame;
    frame.reserve(usual_frame);
    while (Slot* slot = take(frame)) unpack(*slot, frame, unpacker);
  }

  /// Takes in the next frame; nullptr when there is no other that a worker has to unpack.
  Slot* take(std::vector<std::byte>& frame) {
    const std::lock_guard taking(taking_);
    if (is_all_taken_) return nullptr;
    Slot& slot = slots_[next_ % slots_.size()];
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return is_unwanted_ || slot.state == Slot::State::free; });
      if (is_unwanted_) return nullptr;
      slot.state = Slot::State::working;
    }
    ++next_;
    try {
      frame.clear();
      const FrameFormat::Taken taken = format_->next(input_, frame);
      if (taken == FrameFormat::Taken::frame) return &slot;
      is_all_taken_ = true;
      input_.put_back(frame);
      set(slot, taken == FrameFormat::Taken::nothing ? Slot::State::at_end : Slot::State::streams);
    } catch (...) {
      is_all_taken_ = true;
      slot.failure = std::current_exception();
      set(slot, Slot::State::failed);
    }
    return nullptr;
  }

  void unpack(Slot& slot, Bytes frame, std::unique_ptr<FrameUnpacker>& unpacker) {
    try {
      if (!unpacker) unpacker = format_->unpacker();
      const std::size_t size = unpacker->size(frame);
      if (!slot.bytes || slot.room < size) {
        slot.bytes = make_memory(std::max<std::size_t>(size, 1));
        slot.room = size;
      }
      slot.count = unpacker->unpack(frame, {slot.bytes.get(), slot.room});
      set(slot, Slot::State::ready);
    } catch (...) {
      slot.failure = std::current_exception();
      set(slot, Slot::State::failed);
    }
  }

  void set(Slot& slot, Slot::State state) {
    {
      const std::lock_guard lock(mutex_);
      slot.state = state;
    }
    changed_.notify_all();
  }

  Input input_;
  const std::unique_ptr<FrameFormat> format_;
  const unsigned threads_;
  std::vector<Slot> slots_;
  std::size_t first_ = 0;  // the slot that is read, or will be next
  Slot* read_ = nullptr;   // that is read
  std::size_t given_ = 0;  // bytes of it
  std::unique_ptr<Source> stream_;

  std::mutex taking_;     // guards the input, and what follows
  std::size_t next_ = 0;  // the slot that is filled
  bool is_all_taken_ = false;

  std::mutex mutex_;  // guards the slots' states, and what follows
  bool is_unwanted_ = false;
  std::condition_variable changed_;
  std::vector<std::thread> workers_;
};

}  // namespace

std::unique_ptr<Source> make_frames_decoder(Input input, std::unique_ptr<FrameFormat> format,
                                            unsigned threads) {
  return std::make_unique<FramesDecoder>(std::move(input), std::move(format), threads);
}

}  // namespace halcyon::codec
