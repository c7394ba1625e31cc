#include "archive/gzip_encoder.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <future>
#include <utility>
#include <vector>

#include "archive/block_encoder.h"
#include "archive/codec_handles.h"
#include "base/error.h"

namespace halcyon {
namespace {

using namespace codec;

constexpr std::size_t block_bytes = 1U << 20U;
constexpr std::size_t window_bytes = 32U << 10U;
constexpr int raw_deflate = -15;

struct Block {
  std::vector<std::byte> dictionary;  ///< what comes before
  std::vector<std::byte> bytes;
  bool is_last = false;
};

struct Packed {
  std::vector<std::byte> bytes;
  uLong crc = 0;
  uLong count = 0;  ///< of the bytes that were packed
};

uInt count_of(const std::vector<std::byte>& bytes) { return static_cast<uInt>(bytes.size()); }

Packed pack_block(const Block& block) {
  Deflate deflate(false, raw_deflate);
  z_stream& stream = deflate.stream;
  deflateSetDictionary(&stream, raw(block.dictionary.data()), count_of(block.dictionary));
  Packed packed;
  packed.count = block.bytes.size();
  packed.crc = crc32(0, raw(block.bytes.data()), count_of(block.bytes));
  constexpr uLong room_for_flush = 16;
  packed.bytes.resize(deflateBound(&stream, packed.count) + room_for_flush);
  // zlib never writes to its input.
  stream.next_in = const_cast<unsigned char*>(raw(block.bytes.data()));
  stream.avail_in = count_of(block.bytes);
  stream.next_out = raw(packed.bytes.data());
  stream.avail_out = count_of(packed.bytes);
  const int result = ::deflate(&stream, block.is_last ? Z_FINISH : Z_SYNC_FLUSH);
  if (result != (block.is_last ? Z_STREAM_END : Z_OK) || stream.avail_in > 0) {
    throw Error("archive::no-memory", "The gzip encoder failed");
  }
  packed.bytes.resize(packed.bytes.size() - stream.avail_out);
  return packed;
}

class GzipEncoder : public BlockEncoder<Packed> {
 public:
  GzipEncoder(Sink& out, unsigned threads) : BlockEncoder(block_bytes, threads + 1), out_(out) {
    constexpr std::array<unsigned char, 10> header{0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 0, 3};
    write_out(header.data(), header.size());
  }

  void finish() override {
    BlockEncoder::finish();
    std::array<unsigned char, 8> trailer{};
    for (unsigned i = 0; i < 4; ++i) {
      trailer[i] = static_cast<unsigned char>(crc_ >> (8 * i));
      trailer[4 + i] = static_cast<unsigned char>(count_ >> (8 * i));
    }
    write_out(trailer.data(), trailer.size());
  }

 protected:
  std::future<Packed> pack(std::vector<std::byte> bytes, bool is_last) override {
    const std::size_t known = std::min(bytes.size(), window_bytes);
    std::vector<std::byte> dictionary(bytes.end() - static_cast<std::ptrdiff_t>(known),
                                      bytes.end());
    std::swap(dictionary, dictionary_);
    Block block{std::move(dictionary), std::move(bytes), is_last};
    return std::async(std::launch::async, [block = std::move(block)] { return pack_block(block); });
  }

  void put(const Packed& packed) override {
    crc_ = crc32_combine(crc_, packed.crc, static_cast<z_off_t>(packed.count));
    count_ += packed.count;
    out_.write(packed.bytes);
  }

 private:
  void write_out(const unsigned char* bytes, std::size_t count) {
    out_.write({reinterpret_cast<const std::byte*>(bytes), count});
  }

  Sink& out_;
  std::vector<std::byte> dictionary_;  // of the next block
  uLong crc_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace

std::unique_ptr<Encoder> make_gzip_encoder(Sink& out, unsigned threads) {
  return std::make_unique<GzipEncoder>(out, threads);
}

}  // namespace halcyon
