#pragma once

#include <memory>

#include "archive/frames.h"

namespace halcyon::codec {

/// How a frame is packed.
struct ZstdSettings {
  int level;
  int window_log;  ///< a power of two, no less than a frame
  int long_match;  ///< bytes from which on a match is looked for in all of the frame
};

/// Needs some 50 MB for each frame of 16 MiB.
std::shared_ptr<const FramePacker> make_zstd_packer(const ZstdSettings& settings);
std::unique_ptr<FrameFormat> make_zstd_format();

}  // namespace halcyon::codec
