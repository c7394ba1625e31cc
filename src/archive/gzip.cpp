#include "archive/gzip.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "archive/codec_handles.h"
#include "base/error.h"

namespace halcyon::codec {
namespace {

/// The header of a member of ours: no name, no time; one extra field, named "HC", of four bytes.
constexpr std::array<unsigned char, 16> header{0x1f, 0x8b, Z_DEFLATED, 4, 0,   0,   0, 0,
                                               0,    3,    8,          0, 'H', 'C', 4, 0};
constexpr std::size_t size_at = header.size();
constexpr std::size_t header_bytes = size_at + 4;
constexpr std::size_t trailer_bytes = 8;

void put_number(std::byte* at, std::size_t number) {
  for (unsigned i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(number >> (8 * i));
}

/// What a member unpacks to, in bytes, as its last four tell.
std::size_t told_size(Bytes member) { return little_endian(member.last(4)); }

constexpr int level = 6;

struct Free {
  void operator()(libdeflate_compressor* encoder) const { libdeflate_free_compressor(encoder); }
  void operator()(libdeflate_decompressor* decoder) const { libdeflate_free_decompressor(decoder); }
};

class Packer : public FramePacker {
 public:
  PackedFrame pack(Bytes content) const override {
    const std::unique_ptr<libdeflate_compressor, Free> encoder(libdeflate_alloc_compressor(level));
    if (!encoder) throw Error("archive::no-memory", "Cannot start the gzip encoder");
    const std::size_t room = libdeflate_deflate_compress_bound(encoder.get(), content.size());
    PackedFrame frame{make_memory(header_bytes + room + trailer_bytes)};
    std::byte* const bytes = frame.bytes.get();
    const std::size_t end =
        header_bytes + libdeflate_deflate_compress(encoder.get(), content.data(), content.size(),
                                                   bytes + header_bytes, room);
    frame.count = end + trailer_bytes;
    std::transform(header.begin(), header.end(), bytes,
                   [](unsigned char byte) { return std::byte{byte}; });
    put_number(bytes + size_at, frame.count);
    put_number(bytes + end, libdeflate_crc32(0, content.data(), content.size()));
    put_number(bytes + end + 4, content.size());
    return frame;
  }
};

class Unpacker : public FrameUnpacker {
 public:
  Unpacker() : decoder_(libdeflate_alloc_decompressor()) {
    if (!decoder_) throw Error("archive::no-memory", "Cannot start the gzip decoder");
  }
  std::size_t size(Bytes frame) const override { return told_size(frame); }
  std::size_t unpack(Bytes frame, std::span<std::byte> room, const SoFar&) override {
    std::size_t taken = 0;
    std::size_t count = 0;
    const libdeflate_result result = libdeflate_gzip_decompress_ex(
        decoder_.get(), frame.data(), frame.size(), room.data(), room.size(), &taken, &count);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      throw corrupt("A member is not as large as it tells");
    }
    if (result != LIBDEFLATE_SUCCESS) throw corrupt("A member's content or its checksum is wrong");
    if (taken < frame.size()) throw corrupt("A member ends before the size that it tells");
    return count;
  }

 private:
  const std::unique_ptr<libdeflate_decompressor, Free> decoder_;
};

/// zlib's stream.
struct Inflate {
  z_stream stream{};
  Inflate() {
    constexpr int gzip_of_any_window = 15 + 16;
    if (inflateInit2(&stream, gzip_of_any_window) != Z_OK) {
      throw Error("archive::no-memory", "Cannot start the gzip decoder");
    }
  }
  ~Inflate() { inflateEnd(&stream); }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
};

/// Unpacks member after member, of any size, in the calling thread.
class StreamDecoder : public Decoder {
 public:
  explicit StreamDecoder(Input& input) : input_(input) {}
  std::size_t read(std::span<std::byte> buffer) override {
    inflate_.stream.next_out = raw(buffer.data());
    inflate_.stream.avail_out = static_cast<uInt>(buffer.size());
    while (!ended_ && inflate_.stream.avail_out == buffer.size()) {
      const Bytes bytes = input_.peek();
      if (between_members_) {
        if (bytes.empty()) {
          ended_ = true;
          break;
        }
        if (inflateReset(&inflate_.stream) != Z_OK) throw corrupt("zlib cannot start again");
        between_members_ = false;
      }
      if (bytes.empty()) throw truncated();
      inflate_.stream.next_in = const_cast<unsigned char*>(raw(bytes.data()));
      inflate_.stream.avail_in = static_cast<uInt>(bytes.size());
      const int result = inflate(&inflate_.stream, Z_NO_FLUSH);
      input_.consume(bytes.size() - inflate_.stream.avail_in);
      if (result == Z_STREAM_END) {
        between_members_ = true;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        throw corrupt(inflate_.stream.msg != nullptr ? inflate_.stream.msg : "zlib's error");
      }
    }
    return buffer.size() - inflate_.stream.avail_out;
  }

 private:
  Input& input_;
  Inflate inflate_;
  bool between_members_ = false;
  bool ended_ = false;
};

class GzipFormat : public FrameFormat {
 public:
  Taken next(Input& input, std::vector<std::byte>& bytes) const override {
    const Bytes head = input.peek(header_bytes);
    if (head.empty()) return Taken::nothing;
    const bool is_ours =
        head.size() >= header_bytes &&
        std::equal(header.begin(), header.end(), head.begin(),
                   [](unsigned char ours, std::byte theirs) { return std::byte{ours} == theirs; });
    if (!is_ours) return Taken::beginning;
    const std::size_t size = little_endian(head.subspan(size_at, 4));
    if (size < header_bytes + trailer_bytes || size > 2 * largest_frame) return Taken::beginning;
    input.take(size, bytes);
    return told_size(bytes) > largest_frame ? Taken::beginning : Taken::frame;
  }

  std::unique_ptr<FrameUnpacker> unpacker() const override { return std::make_unique<Unpacker>(); }
  std::unique_ptr<Decoder> stream(Input& input) const override {
    return std::make_unique<StreamDecoder>(input);
  }
};

}  // namespace

std::shared_ptr<const FramePacker> make_gzip_packer() { return std::make_shared<Packer>(); }

std::unique_ptr<FrameFormat> make_gzip_format() { return std::make_unique<GzipFormat>(); }

}  // namespace halcyon::codec
