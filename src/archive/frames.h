#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "archive/codec.h"
#include "archive/decoder_input.h"

/// Archives in frames: pieces that are packed, and unpacked, each by a thread of its own. Those of
/// zstd are its frames (RFC 8878, section 3), those of gzip its members (RFC 1952, section 2.2);
/// what knows either format reads them one after the other.
namespace halcyon::codec {

/// The largest frame that is unpacked beside others, in bytes of what it unpacks to.
inline constexpr std::size_t largest_frame = std::size_t{16} << 20U;

/// A frame as it is in the archive.
struct PackedFrame {
  Memory bytes;
  std::size_t count = 0;
};

/// Packs frames, in any thread.
class FramePacker {
 public:
  virtual ~FramePacker() = default;
  virtual PackedFrame pack(Bytes content) const = 0;
};

/// Unpacks frame after frame, in one thread. What is wrong raises "archive::corrupt".
class FrameUnpacker {
 public:
  virtual ~FrameUnpacker() = default;
  /// What a frame says that it unpacks to, in bytes: `largest_frame` at most.
  virtual std::size_t size(Bytes frame) const = 0;
  /// Unpacks a frame into its size, at least; how many bytes it were. Tells how many they are so
  /// far, now and then; the frame's checksum is known at the end only.
  using SoFar = std::function<void(std::size_t)>;
  virtual std::size_t unpack(Bytes frame, std::span<std::byte> room, const SoFar& so_far) = 0;
};

/// What there is to know of a format.
class FrameFormat {
 public:
  enum class Taken { frame, beginning, nothing };
  virtual ~FrameFormat() = default;
  /// Takes the next frame out of the input, as it was packed; the beginning of what is to be
  /// unpacked as a stream, for its size or because it does not tell that; nothing at the end.
  /// Raises Error "archive::truncated" or "archive::corrupt".
  virtual Taken next(Input& input, std::vector<std::byte>& bytes) const = 0;
  virtual std::unique_ptr<FrameUnpacker> unpacker() const = 0;
  /// Unpacks all that follows in the calling thread. `input` must outlive it.
  virtual std::unique_ptr<Decoder> stream(Input& input) const = 0;
};

/// nullptr for a format that has none.
std::unique_ptr<FrameFormat> frame_format(Format format);

/// Unpacks, frames beside each other. What cannot be unpacked so, and all that follows it, is
/// unpacked by one thread.
std::unique_ptr<Decoder> make_frames_decoder(Input input, std::unique_ptr<FrameFormat> format,
                                             unsigned threads);

}  // namespace halcyon::codec
