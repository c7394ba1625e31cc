#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "base/memory.h"
#include "base/stream.h"

namespace halcyon {

/// Bytes in memory that several may read, which stays as it is while its owner is held.
struct HeldBytes {
  std::shared_ptr<const void> owner;
  Bytes bytes;
};

/// Blocks of memory that are used again and again. For any thread; must outlive what it gave.
class Blocks {
 public:
  static constexpr std::size_t block_bytes = 256U << 10U;
  Blocks();
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  /// A block, its own again when nobody holds it any more. Waits while all are held.
  std::shared_ptr<std::byte> take();
  /// A copy in a block: of `block_bytes` at most.
  HeldBytes copy(Bytes bytes);

 private:
  void give_back(std::byte* block);

  const Memory memory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::byte*> free_;  // the one that was used last is used next
};

}  // namespace halcyon
