#include "archive/zstd.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <vector>

#include "archive/codec_handles.h"
#include "base/error.h"

namespace halcyon::codec {
namespace {

constexpr int largest_window = 27;  // of frames that are unpacked as a stream; a power of two

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Context = std::unique_ptr<ZSTD_DCtx, Free>;

Context make_context(CheckedBy checked_by) {
  Context context(ZSTD_createDCtx_advanced(zstd_memory));
  if (!context) throw Error("archive::no-memory", "Cannot start the zstd decoder");
  if (checked_by == CheckedBy::caller) {
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_forceIgnoreChecksum, ZSTD_d_ignoreChecksum);
  }
  return context;
}

std::size_t check(std::size_t result) {
  if (ZSTD_isError(result) != 0) throw corrupt(ZSTD_getErrorName(result));
  return result;
}

std::size_t check_packing(std::size_t result) {
  if (ZSTD_isError(result) != 0) {
    throw Error("archive::no-memory", "The zstd encoder failed").why(ZSTD_getErrorName(result));
  }
  return result;
}

class Packer : public FramePacker {
 public:
  Packer(const ZstdSettings& settings, std::size_t most)
      : settings_(settings), window_log_(static_cast<int>(std::bit_width(most - 1))) {}

  PackedFrame pack(Bytes content) const override {
    const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx_advanced(zstd_memory));
    if (!context) throw Error("archive::no-memory", "Cannot start the zstd encoder");
    const auto set = [&](ZSTD_cParameter parameter, int value) {
      check_packing(ZSTD_CCtx_setParameter(context.get(), parameter, value));
    };
    set(ZSTD_c_compressionLevel, settings_.level);
    set(ZSTD_c_enableLongDistanceMatching, 1);
    set(ZSTD_c_ldmMinMatch, settings_.long_match);
    set(ZSTD_c_windowLog, window_log_);
    set(ZSTD_c_checksumFlag, 1);
    const std::size_t room = ZSTD_compressBound(content.size());
    PackedFrame frame{make_memory(room)};
    frame.count = check_packing(
        ZSTD_compress2(context.get(), frame.bytes.get(), room, content.data(), content.size()));
    return frame;
  }

 private:
  const ZstdSettings settings_;
  const int window_log_;  // of a window that holds a frame
};

class Unpacker : public FrameUnpacker {
 public:
  explicit Unpacker(CheckedBy checked_by) : context_(make_context(checked_by)) {
    // It takes no memory: what was unpacked is the window.
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_stableOutBuffer, 1);
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, ZSTD_WINDOWLOG_MAX);
  }
  std::size_t size(Bytes frame) const override {
    return ZSTD_getFrameContentSize(frame.data(), frame.size());
  }
  std::size_t unpack(Bytes frame, std::span<std::byte> room, const SoFar& so_far) override {
    ZSTD_frameHeader header{};
    check(ZSTD_getFrameHeader(&header, frame.data(), frame.size()));
    if (header.frameType == ZSTD_skippableFrame) return 0;
    ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    ZSTD_inBuffer in{frame.data(), 0, 0};
    // Block by block: a whole one is read where it is.
    for (std::size_t next = header.headerSize; next > 0;) {
      if (in.size == frame.size()) throw truncated();
      in.size += std::min(next, frame.size() - in.size);
      next = check(ZSTD_decompressStream(context_.get(), &out, &in));
      so_far(out.pos);
    }
    return out.pos;
  }

 private:
  const Context context_;
};

/// Unpacks frame after frame in the calling thread, with no more memory than their window.
class StreamDecoder : public Decoder {
 public:
  StreamDecoder(Input& input, CheckedBy checked_by)
      : input_(input), context_(make_context(checked_by)) {
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, largest_window);
  }

  std::size_t read(std::span<std::byte> buffer) override {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    while (out.pos == 0) {
      const Bytes bytes = input_.peek();
      if (bytes.empty() && left_ == 0) return 0;
      ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
      left_ = check(ZSTD_decompressStream(context_.get(), &out, &in));
      input_.consume(in.pos);
      if (bytes.empty() && out.pos == 0) throw truncated();
    }
    return out.pos;
  }

 private:
  Input& input_;
  const Context context_;
  std::size_t left_ = 0;
};

/// Frames by what their headers tell (RFC 8878, sections 3.1.1 and 3.1.2).
class ZstdFormat : public FrameFormat {
 public:
  explicit ZstdFormat(CheckedBy checked_by) : checked_by_(checked_by) {}

  Taken next(Input& input, std::vector<std::byte>& bytes) const override {
    const Bytes head = input.peek(ZSTD_FRAMEHEADERSIZE_MAX);
    if (head.empty()) return Taken::nothing;
    ZSTD_frameHeader header{};
    if (check(ZSTD_getFrameHeader(&header, head.data(), head.size())) != 0) throw truncated();
    if (header.frameContentSize > largest_frame) return Taken::beginning;  // or not told
    if (header.frameType == ZSTD_skippableFrame) {
      input.take(ZSTD_SKIPPABLEHEADERSIZE + header.frameContentSize, bytes);
      return Taken::frame;
    }
    input.take(header.headerSize, bytes);
    do {
      if (bytes.size() > 2 * largest_frame) return Taken::beginning;  // made of empty blocks
    } while (!take_block(input, bytes));
    constexpr std::size_t checksum_bytes = 4;
    if (header.checksumFlag != 0) input.take(checksum_bytes, bytes);
    return Taken::frame;
  }

  std::unique_ptr<FrameUnpacker> unpacker() const override {
    return std::make_unique<Unpacker>(checked_by_);
  }
  std::unique_ptr<Decoder> stream(Input& input) const override {
    return std::make_unique<StreamDecoder>(input, checked_by_);
  }

 private:
  /// Whether it was the frame's last one.
  static bool take_block(Input& input, std::vector<std::byte>& bytes) {
    constexpr std::size_t header_bytes = 3;
    enum Type : std::size_t { plain, repeated, compressed, reserved };
    input.take(header_bytes, bytes);
    const std::size_t header = little_endian(Bytes(bytes).last(header_bytes));
    const std::size_t type = header >> 1U & 3U;
    if (type == reserved) throw corrupt("A block of unknown type");
    input.take(type == repeated ? 1 : header >> 3U, bytes);
    return (header & 1U) != 0;
  }

  const CheckedBy checked_by_;
};

}  // namespace

std::shared_ptr<const FramePacker> make_zstd_packer(const ZstdSettings& settings,
                                                    std::size_t most) {
  return std::make_shared<Packer>(settings, most);
}

std::unique_ptr<FrameFormat> make_zstd_format(CheckedBy checked_by) {
  return std::make_unique<ZstdFormat>(checked_by);
}

}  // namespace halcyon::codec
