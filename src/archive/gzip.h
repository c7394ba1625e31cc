#pragma once

#include <memory>

#include "archive/frames.h"

namespace halcyon::codec {

/// Members that tell their size in an extra field (RFC 1952, section 2.3.1.1), so that where each
/// ends is known before it is unpacked.
std::shared_ptr<const FramePacker> make_gzip_packer();
std::unique_ptr<FrameFormat> make_gzip_format();

}  // namespace halcyon::codec
