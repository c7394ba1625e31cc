#pragma once

#include "archive/codec.h"

namespace halcyon {

/// One gzip member (RFC 1952) whose blocks are packed by several threads, as pigz does it: each
/// begins where the one before ended on a byte, and knows its last 32 KiB. The result does not
/// depend on the number of threads.
std::unique_ptr<Encoder> make_gzip_encoder(Sink& out, unsigned threads);

}  // namespace halcyon
