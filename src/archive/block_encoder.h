#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <future>
#include <utility>
#include <vector>

#include "archive/codec.h"

namespace halcyon::codec {

/// Packs blocks of one size, each in a thread of its own; what becomes of them goes out in order.
template <class Packed>
class BlockEncoder : public Encoder {
 public:
  /// At most `most_pending` blocks are being packed, or wait for those before them.
  BlockEncoder(std::size_t block_bytes, std::size_t most_pending)
      : block_bytes_(block_bytes), most_pending_(std::max<std::size_t>(1, most_pending)) {}

  bool write(Bytes bytes) override {
    while (!bytes.empty()) {
      if (next_.size() == block_bytes_) begin_next(false);
      if (next_.empty()) next_.reserve(block_bytes_);
      const Bytes piece = bytes.first(std::min(bytes.size(), block_bytes_ - next_.size()));
      next_.insert(next_.end(), piece.begin(), piece.end());
      bytes = bytes.subspan(piece.size());
    }
    return true;
  }

  void finish() override {
    begin_next(true);
    while (!pending_.empty()) end_first();
  }

 protected:
  /// Begins to pack a block, in a thread of its own. The last one may be empty.
  virtual std::future<Packed> pack(std::vector<std::byte> block, bool is_last) = 0;
  /// Takes what became of the blocks, in their order.
  virtual void put(const Packed& packed) = 0;

 private:
  void begin_next(bool is_last) {
    while (pending_.size() >= most_pending_) end_first();
    pending_.push_back(pack(std::exchange(next_, {}), is_last));
  }

  void end_first() {
    const Packed packed = pending_.front().get();
    pending_.pop_front();
    put(packed);
  }

  const std::size_t block_bytes_;
  const std::size_t most_pending_;
  std::vector<std::byte> next_;
  std::deque<std::future<Packed>> pending_;
};

}  // namespace halcyon::codec
