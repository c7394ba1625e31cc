#include "archive/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>

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
constexpr int raw_deflate = -15;

void put_number(std::byte* at, std::size_t number) {
  for (unsigned i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(number >> (8 * i));
}

/// What a member unpacks to, in bytes, as its last four tell.
std::size_t told_size(Bytes member) { return little_endian(member.last(4)); }

class Packer : public FramePacker {
 public:
  PackedFrame pack(Bytes content) const override {
    Deflate deflate(false, raw_deflate);
    z_stream& stream = deflate.stream;
    const std::size_t room = deflateBound(&stream, content.size());
    PackedFrame frame{make_memory(header_bytes + room + trailer_bytes)};
    std::byte* const bytes = frame.bytes.get();
    // zlib never writes to its input.
    stream.next_in = const_cast<unsigned char*>(raw(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = raw(bytes + header_bytes);
    stream.avail_out = static_cast<uInt>(room);
    if (::deflate(&stream, Z_FINISH) != Z_STREAM_END) {
      throw Error("archive::no-memory", "The gzip encoder failed");
    }
    const std::size_t end = header_bytes + room - stream.avail_out;
    frame.count = end + trailer_bytes;
    std::transform(header.begin(), header.end(), bytes,
                   [](unsigned char byte) { return std::byte{byte}; });
    put_number(bytes + size_at, frame.count);
    put_number(bytes + end, crc32(0, raw(content.data()), static_cast<uInt>(content.size())));
    put_number(bytes + end + 4, content.size());
    return frame;
  }
};

class Unpacker : public FrameUnpacker {
 public:
  std::size_t size(Bytes frame) const override { return told_size(frame); }
  std::size_t unpack(Bytes frame, std::span<std::byte> room, const SoFar& so_far) override {
    constexpr std::size_t piece = 256U << 10U;
    z_stream& stream = deflate_.stream;
    if (inflateReset(&stream) != Z_OK) throw corrupt("zlib cannot start again");
    stream.next_in = const_cast<unsigned char*>(raw(frame.data()));
    stream.avail_in = static_cast<uInt>(frame.size());
    std::size_t count = 0;
    for (int result = Z_OK; result != Z_STREAM_END;) {
      const std::size_t most = std::min(piece, room.size() - count);
      stream.next_out = raw(room.data() + count);
      stream.avail_out = static_cast<uInt>(most);
      result = inflate(&stream, Z_NO_FLUSH);
      count += most - stream.avail_out;
      if (result != Z_OK && result != Z_STREAM_END) {
        throw corrupt(stream.msg != nullptr ? stream.msg : "A member is not as large as it tells");
      }
      so_far(count);
    }
    if (stream.avail_in > 0) throw corrupt("A member ends before the size that it tells");
    return count;
  }

 private:
  Deflate deflate_{true};
};

/// Unpacks member after member, of any size, in the calling thread.
class StreamDecoder : public Decoder {
 public:
  explicit StreamDecoder(Input& input) : input_(input) {}
  std::size_t read(std::span<std::byte> buffer) override {
    deflate_.stream.next_out = raw(buffer.data());
    deflate_.stream.avail_out = static_cast<uInt>(buffer.size());
    while (!ended_ && deflate_.stream.avail_out == buffer.size()) {
      const Bytes bytes = input_.peek();
      if (between_members_) {
        if (bytes.empty()) {
          ended_ = true;
          break;
        }
        if (inflateReset(&deflate_.stream) != Z_OK) throw corrupt("zlib cannot start again");
        between_members_ = false;
      }
      if (bytes.empty()) throw truncated();
      deflate_.stream.next_in = const_cast<unsigned char*>(raw(bytes.data()));
      deflate_.stream.avail_in = static_cast<uInt>(bytes.size());
      const int result = inflate(&deflate_.stream, Z_NO_FLUSH);
      input_.consume(bytes.size() - deflate_.stream.avail_in);
      if (result == Z_STREAM_END) {
        between_members_ = true;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        throw corrupt(deflate_.stream.msg != nullptr ? deflate_.stream.msg : "zlib's error");
      }
    }
    return buffer.size() - deflate_.stream.avail_out;
  }

 private:
  Input& input_;
  Deflate deflate_{true};
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
