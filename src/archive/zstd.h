#pragma once

#include <memory>

#include "archive/frames.h"

namespace halcyon::codec {

/// How a frame is packed.
struct ZstdSettings {
  int level;
  int long_match;  ///< bytes from which on a match is looked for in all of the frame
};

/// Of frames with `most` bytes of content at most. Needs some 50 MB for each one of 16 MiB.
std::shared_ptr<const FramePacker> make_zstd_packer(const ZstdSettings& settings, std::size_t most);
std::unique_ptr<FrameFormat> make_zstd_format(CheckedBy checked_by);

}  // namespace halcyon::codec
