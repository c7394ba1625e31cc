#include "archive/frame_encoder.h"

#include <algorithm>
#include <utility>

namespace halcyon::codec {

FrameEncoder::FrameEncoder(Sink& out, std::shared_ptr<const FramePacker> packer, const Sizes& sizes,
                           std::size_t most_pending, const EarlierArchive* earlier)
    : out_(out),
      packer_(std::move(packer)),
      sizes_(sizes),
      most_pending_(std::max<std::size_t>(1, most_pending)),
      earlier_(earlier) {}

bool FrameEncoder::write(Bytes bytes) {
  while (!bytes.empty()) {
    if (next_.size() == sizes_.most) begin_next();
    if (next_.empty()) next_.reserve(sizes_.most);
    const Bytes piece = bytes.first(std::min(bytes.size(), sizes_.most - next_.size()));
    next_.insert(next_.end(), piece.begin(), piece.end());
    bytes = bytes.subspan(piece.size());
  }
  return true;
}

void FrameEncoder::cut() {
  if (next_.size() >= sizes_.least) begin_next();
}

void FrameEncoder::finish() {
  if (is_empty_ || !next_.empty()) begin_next();
  while (!pending_.empty()) end_first();
}

void FrameEncoder::begin_next() {
  is_empty_ = false;
  while (pending_.size() >= most_pending_) end_first();
  pending_.push_back(std::async(std::launch::async, [packer = packer_, earlier = earlier_,
                                                     content = std::exchange(next_, {})] {
    if (earlier != nullptr) {
      if (auto known = earlier->find(content)) return std::move(*known);
    }
    return packer->pack(content);
  }));
}

void FrameEncoder::end_first() {
  const PackedFrame packed = pending_.front().get();
  pending_.pop_front();
  out_.write({packed.bytes.get(), packed.count});
}

}  // namespace halcyon::codec
