#pragma once

#include <memory>

#include "archive/codec.h"
#include "archive/decoder_input.h"

/// Zstd in frames (RFC 8878, section 3): each is packed, and unpacked, by a thread of its own. What
/// knows zstd reads them one after the other.
namespace halcyon::codec {

/// The size of a frame, unpacked, as a power of two. Twice of it makes archives 0.8 % smaller.
inline constexpr int zstd_frame_log = 24;
inline constexpr std::size_t zstd_frame_bytes = std::size_t{1} << zstd_frame_log;

/// How a frame is packed.
struct ZstdSettings {
  int level;
  int long_match;  ///< bytes from which on a match is looked for in all of the frame
};

/// Packs frames, at most `threads` of them at a time; each needs some 50 MB.
std::unique_ptr<Encoder> make_zstd_encoder(Sink& out, unsigned threads,
                                           const ZstdSettings& settings);

/// Unpacks. Frames larger than ours, and all that follows them, are unpacked by one thread.
std::unique_ptr<Source> make_zstd_decoder(Input input, unsigned threads);

}  // namespace halcyon::codec
