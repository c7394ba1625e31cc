#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "archive/codec_handles.h"
#include "archive/zstd_frames.h"
#include "base/error.h"

namespace halcyon::codec {
namespace {

constexpr int largest_window = 27;  // of frames that are unpacked as a stream; a power of two
constexpr unsigned most_threads = 3;

struct Free {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Context = std::unique_ptr<ZSTD_DCtx, Free>;

Context make_context() {
  Context context(ZSTD_createDCtx_advanced(zstd_memory));
  if (!context) throw Error("archive::no-memory", "Cannot start the zstd decoder");
  return context;
}

std::size_t check(std::size_t result) {
  if (ZSTD_isError(result) != 0) throw corrupt(ZSTD_getErrorName(result));
  return result;
}

/// Unpacks frame after frame in the calling thread, with no more memory than their window.
class StreamDecoder {
 public:
  /// `begun` is what of the input was taken before.
  StreamDecoder(Input& input, std::vector<std::byte> begun)
      : input_(input), begun_(std::move(begun)), context_(make_context()) {
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, largest_window);
  }

  std::size_t read(std::span<std::byte> buffer) {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    while (out.pos == 0) {
      const bool from_begun = taken_ < begun_.size();
      const Bytes bytes = from_begun ? Bytes(begun_).subspan(taken_) : input_.peek();
      if (bytes.empty() && left_ == 0) return 0;
      ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
      left_ = check(ZSTD_decompressStream(context_.get(), &out, &in));
      if (from_begun) {
        taken_ += in.pos;
      } else {
        input_.consume(in.pos);
      }
      if (bytes.empty() && out.pos == 0) throw truncated();
    }
    return out.pos;
  }

 private:
  Input& input_;
  const std::vector<std::byte> begun_;
  std::size_t taken_ = 0;
  Context context_;
  std::size_t left_ = 0;
};

/// Takes frames out of the input, by what their headers tell (RFC 8878, sections 3.1.1 and 3.1.2).
class FrameReader {
 public:
  enum class Taken { frame, beginning, nothing };
  explicit FrameReader(Input& input) : input_(input) {}

  /// The next frame as it was packed; the beginning of one that is too large to be taken at once;
  /// nothing at the end of the input.
  Taken next(std::vector<std::byte>& bytes) {
    bytes.clear();
    const Bytes head = input_.peek(ZSTD_FRAMEHEADERSIZE_MAX);
    if (head.empty()) return Taken::nothing;
    ZSTD_frameHeader header{};
    if (check(ZSTD_getFrameHeader(&header, head.data(), head.size())) != 0) throw truncated();
    if (header.frameContentSize > zstd_frame_bytes) return Taken::beginning;  // or not told
    if (header.frameType == ZSTD_skippableFrame) {
      take(bytes, ZSTD_SKIPPABLEHEADERSIZE + header.frameContentSize);
      return Taken::frame;
    }
    take(bytes, header.headerSize);
    do {
      if (bytes.size() > 2 * zstd_frame_bytes) return Taken::beginning;  // made of empty blocks
    } while (!take_block(bytes));
    if (header.checksumFlag != 0) take(bytes, checksum_bytes);
    return Taken::frame;
  }

 private:
  static constexpr std::size_t checksum_bytes = 4;

  /// Whether it was the frame's last one.
  bool take_block(std::vector<std::byte>& bytes) {
    constexpr std::size_t header_bytes = 3;
    enum Type : unsigned { plain, repeated, compressed, reserved };
    take(bytes, header_bytes);
    unsigned header = 0;
    for (std::size_t i = 0; i < header_bytes; ++i) {
      header |= std::to_integer<unsigned>(bytes[bytes.size() - header_bytes + i]) << (8 * i);
    }
    const unsigned type = header >> 1U & 3U;
    if (type == reserved) throw corrupt("A block of unknown type");
    take(bytes, type == repeated ? 1 : header >> 3U);
    return (header & 1U) != 0;
  }

  void take(std::vector<std::byte>& bytes, std::size_t count) {
    while (count > 0) {
      const Bytes here = input_.peek();
      if (here.empty()) throw truncated();
      const Bytes piece = here.first(std::min(count, here.size()));
      bytes.insert(bytes.end(), piece.begin(), piece.end());
      input_.consume(piece.size());
      count -= piece.size();
    }
  }

  Input& input_;
};

/// What became of a frame.
struct Slot {
  enum class State { free, working, ready, streams, failed, at_end };
  State state = State::free;
  Memory bytes;
  std::size_t count = 0;
  std::vector<std::byte> begun;  ///< of a frame that is unpacked as a stream
  std::exception_ptr failure;
};

/// Workers take frames out of the input in turns, and unpack them beside each other. Each frame has
/// a slot, in their order; the reader empties them in the same order.
class ZstdDecoder : public Source {
 public:
  ZstdDecoder(Input input, unsigned threads) : input_(std::move(input)), frames_(input_) {
    threads = std::clamp(threads, 1U, most_threads);
    slots_.resize(threads + 1);
    for (unsigned i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }

  ~ZstdDecoder() override {
    {
      const std::lock_guard lock(mutex_);
      is_unwanted_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  std::size_t read(std::span<std::byte> buffer) override {
    for (;;) {
      if (stream_) return stream_->read(buffer);
      Slot& slot = slots_[first_ % slots_.size()];
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return slot.state > Slot::State::working; });
      }
      if (slot.state == Slot::State::at_end) return 0;
      if (slot.state == Slot::State::failed) std::rethrow_exception(slot.failure);
      if (slot.state == Slot::State::streams) {
        stream_.emplace(input_, std::move(slot.begun));
        continue;
      }
      const std::size_t count = std::min(buffer.size(), slot.count - given_);
      std::memcpy(buffer.data(), slot.bytes.get() + given_, count);
      given_ += count;
      if (given_ == slot.count) {
        given_ = 0;
        ++first_;
        set(slot, Slot::State::free);
      }
      if (count > 0) return count;
    }
  }

 private:
  void work() {
    Context context;
    std::vector<std::byte> frame;
    while (Slot* slot = take(frame)) unpack(*slot, frame, context);
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
      const FrameReader::Taken taken = frames_.next(frame);
      if (taken == FrameReader::Taken::frame) return &slot;
      is_all_taken_ = true;
      const bool ends = taken == FrameReader::Taken::nothing;
      if (!ends) slot.begun = std::move(frame);
      set(slot, ends ? Slot::State::at_end : Slot::State::streams);
    } catch (...) {
      is_all_taken_ = true;
      slot.failure = std::current_exception();
      set(slot, Slot::State::failed);
    }
    return nullptr;
  }

  void unpack(Slot& slot, Bytes frame, Context& context) {
    try {
      if (!context) context = make_context();
      if (!slot.bytes) slot.bytes = make_memory(zstd_frame_bytes);
      slot.count = check(ZSTD_decompressDCtx(context.get(), slot.bytes.get(), zstd_frame_bytes,
                                             frame.data(), frame.size()));
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
  FrameReader frames_;
  std::vector<Slot> slots_;
  std::size_t first_ = 0;  // the slot that is read
  std::size_t given_ = 0;  // bytes of it
  std::optional<StreamDecoder> stream_;

  std::mutex taking_;     // guards the input, and what follows
  std::size_t next_ = 0;  // the slot that is filled
  bool is_all_taken_ = false;

  std::mutex mutex_;  // guards the slots' states, and what follows
  bool is_unwanted_ = false;
  std::condition_variable changed_;
  std::vector<std::thread> workers_;
};

}  // namespace

std::unique_ptr<Source> make_zstd_decoder(Input input, unsigned threads) {
  return std::make_unique<ZstdDecoder>(std::move(input), threads);
}

}  // namespace halcyon::codec
