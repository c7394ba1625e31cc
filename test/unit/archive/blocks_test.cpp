#include "archive/blocks.h"

#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <string_view>

using namespace halcyon;

namespace {

constexpr std::size_t all = 32;  // blocks that there are

std::vector<std::shared_ptr<std::byte>> take_all(Blocks& blocks) {
  std::vector<std::shared_ptr<std::byte>> taken;
  while (taken.size() < all) taken.push_back(blocks.take());
  return taken;
}

}  // namespace

TEST_CASE("a block belongs to one until nobody holds it", "[archive]") {
  Blocks blocks;
  std::vector<std::shared_ptr<std::byte>> taken = take_all(blocks);
  CHECK(std::set<std::shared_ptr<std::byte>>(taken.begin(), taken.end()).size() == all);
  for (const auto& block : taken) std::fill_n(block.get(), Blocks::block_bytes, std::byte{1});

  const std::byte* const last = taken[7].get();
  std::shared_ptr<const void> holder = taken[7];
  taken[7].reset();
  auto next = std::async(std::launch::async, [&] { return blocks.take(); });
  CHECK(next.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  holder.reset();
  CHECK(next.get().get() == last);
}

TEST_CASE("what is copied into a block stays while it is held", "[archive]") {
  Blocks blocks;
  std::string text(Blocks::block_bytes, 'x');
  const HeldBytes copied = blocks.copy(std::as_bytes(std::span(text)));
  text.assign(text.size(), 'y');
  for (std::size_t i = 0; i < 2 * all; ++i) blocks.copy(std::as_bytes(std::span(text)));
  CHECK(copied.bytes.size() == Blocks::block_bytes);
  CHECK(std::all_of(copied.bytes.begin(), copied.bytes.end(),
                    [](std::byte byte) { return byte == std::byte{'x'}; }));
  CHECK(blocks.copy({}).bytes.empty());
}
