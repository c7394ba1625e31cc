#include <algorithm>
#include <condition_variable>
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
constexpr std::size_t piece_bytes = 256U << 10U;  // of a frame that is given while it is unpacked
constexpr std::size_t usual_frame = 4U << 20U;    // packed; what is not touched takes no memory

/// What became of a frame.
struct Slot {
  enum class State { free, working, held, ready, streams, failed, at_end };
  State state = State::free;
  std::size_t count = 0;  // bytes, so far
  Memory bytes;
  std::size_t room = 0;
  std::exception_ptr failure;
};

/// Workers take frames out of the input in turns, and unpack them beside each other. Each frame has
/// a slot, in their order; the reader gives them away in the same order, the first of them while it
/// is unpacked. They are held until they are of no more use.
class FramesDecoder : public Decoder {
 public:
  FramesDecoder(Input input, std::unique_ptr<FrameFormat> format, unsigned threads)
      : input_(std::move(input)),
        format_(std::move(format)),
        threads_(std::clamp(threads, 1U, most_threads)),
        slots_(threads_ + 1) {}

  ~FramesDecoder() override {
    rest_ = {};
    reading_.reset();
    {
      const std::lock_guard lock(mutex_);
      is_unwanted_ = true;
    }
    freed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  FramesDecoder(const FramesDecoder&) = delete;
  FramesDecoder& operator=(const FramesDecoder&) = delete;

  std::size_t read(std::span<std::byte> buffer) override {
    advance();
    if (stream_) return stream_->read(buffer);
    const std::size_t count = std::min(buffer.size(), rest_.bytes.size());
    std::copy_n(rest_.bytes.begin(), count, buffer.begin());
    rest_.bytes = rest_.bytes.subspan(count);
    return count;
  }

  HeldBytes next(Blocks& blocks) override {
    advance();
    return stream_ ? stream_->next(blocks) : std::exchange(rest_, {});
  }

 private:
  /// Goes on to what follows when all that there was is given. There is nothing at the end, and
  /// where a stream begins.
  void advance() {
    while (workers_.size() < threads_) workers_.emplace_back([this] { work(); });
    while (rest_.bytes.empty() && !stream_) {
      rest_ = {};
      Slot& slot = slots_[first_ % slots_.size()];
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [&] {
        return slot.state > Slot::State::held ||
               (slot.state == Slot::State::working && slot.count > given_);
      });
      if (slot.state == Slot::State::at_end) return;
      if (slot.state == Slot::State::failed) std::rethrow_exception(slot.failure);
      if (slot.state == Slot::State::streams) {
        stream_ = format_->stream(input_);
        return;
      }
      if (!reading_) reading_ = {&slot, [this](Slot* held) { free(*held); }};
      rest_ = {reading_, Bytes(slot.bytes.get(), slot.count).subspan(given_)};
      given_ = slot.count;
      if (slot.state == Slot::State::working) continue;
      slot.state = Slot::State::held;
      lock.unlock();
      reading_.reset();
      given_ = 0;
      ++first_;
    }
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
      freed_.wait(lock, [&] { return is_unwanted_ || slot.state == Slot::State::free; });
      if (is_unwanted_) return nullptr;
      slot.state = Slot::State::working;
      slot.count = 0;
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
      std::size_t told = 0;
      const std::size_t count =
          unpacker->unpack(frame, {slot.bytes.get(), slot.room}, [&](std::size_t so_far) {
            if (so_far < told + piece_bytes || so_far >= size) return;  // the end: when it is right
            told = so_far;
            set(slot, Slot::State::working, told);
          });
      set(slot, Slot::State::ready, count);
    } catch (...) {
      slot.failure = std::current_exception();
      set(slot, Slot::State::failed);
    }
  }

  void set(Slot& slot, Slot::State state, std::size_t count = 0) {
    {
      const std::lock_guard lock(mutex_);
      slot.state = state;
      slot.count = count;
    }
    arrived_.notify_one();
  }

  void free(Slot& slot) {
    {
      const std::lock_guard lock(mutex_);
      slot.state = Slot::State::free;
    }
    freed_.notify_all();
  }

  Input input_;
  const std::unique_ptr<FrameFormat> format_;
  const unsigned threads_;
  std::vector<Slot> slots_;
  std::size_t first_ = 0;          // the slot that is read, or will be next
  std::size_t given_ = 0;          // bytes of it
  std::shared_ptr<Slot> reading_;  // it, until all of it is given
  HeldBytes rest_;                 // that is not read yet
  std::unique_ptr<Decoder> stream_;

  std::mutex taking_;     // guards the input, and what follows
  std::size_t next_ = 0;  // the slot that is filled
  bool is_all_taken_ = false;

  std::mutex mutex_;  // guards the slots' states, and what follows
  bool is_unwanted_ = false;
  std::condition_variable arrived_;  // some of a frame
  std::condition_variable freed_;    // a slot, or no frame is wanted any more
  std::vector<std::thread> workers_;
};

}  // namespace

std::unique_ptr<Decoder> make_frames_decoder(Input input, std::unique_ptr<FrameFormat> format,
                                             unsigned threads) {
  return std::make_unique<FramesDecoder>(std::move(input), std::move(format), threads);
}

}  // namespace halcyon::codec
