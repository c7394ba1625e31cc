#include "archive/blocks.h"

#include <algorithm>

namespace halcyon {
namespace {

constexpr std::size_t count = 32;

}  // namespace

Blocks::Blocks() : memory_(make_memory(count * block_bytes)) {
  for (std::size_t i = count; i-- > 0;) free_.push_back(memory_.get() + i * block_bytes);
}

std::shared_ptr<std::byte> Blocks::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !free_.empty(); });
  std::byte* const block = free_.back();
  free_.pop_back();
  lock.unlock();
  return {block, [this](std::byte* held) { give_back(held); }};
}

HeldBytes Blocks::copy(Bytes bytes) {
  std::shared_ptr<std::byte> block = take();
  std::copy(bytes.begin(), bytes.end(), block.get());
  const Bytes copied(block.get(), bytes.size());
  return {std::move(block), copied};
}

void Blocks::give_back(std::byte* block) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(block);  // it has had the room
  }
  changed_.notify_one();
}

}  // namespace halcyon
