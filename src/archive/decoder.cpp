#include <fmt/format.h>
#include <lzma.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "archive/codec.h"
#include "archive/codec_handles.h"
#include "archive/decoder_input.h"
#include "archive/gzip.h"
#include "archive/zstd.h"
#include "base/error.h"
#include "base/text.h"

namespace halcyon {
namespace {

using namespace codec;

constexpr std::uint64_t memory_limit = 160ULL << 20U;

class PlainDecoder : public Decoder {
 public:
  explicit PlainDecoder(Input input) : input_(std::move(input)) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const Bytes bytes = input_.peek();
    const std::size_t count = std::min(buffer.size(), bytes.size());
    std::memcpy(buffer.data(), bytes.data(), count);
    input_.consume(count);
    return count;
  }

 private:
  Input input_;
};

class XzDecoder : public Decoder {
 public:
  XzDecoder(Input input, unsigned threads, CheckedBy checked_by) : input_(std::move(input)) {
    lzma_mt options{};
    options.flags = LZMA_CONCATENATED;
    if (checked_by == CheckedBy::caller) options.flags |= LZMA_IGNORE_CHECK;
    options.threads = threads;
    options.memlimit_threading = memory_limit;
    options.memlimit_stop = memory_limit;
    // The decoder with threads takes in whole blocks before it gives anything.
    const lzma_ret result =
        threads > 1 ? lzma_stream_decoder_mt(&lzma_.stream, &options)
                    : lzma_stream_decoder(&lzma_.stream, options.memlimit_stop, options.flags);
    if (result != LZMA_OK) {
      throw Error("archive::no-memory", "Cannot start the xz decoder");
    }
  }
  std::size_t read(std::span<std::byte> buffer) override {
    lzma_.stream.next_out = raw(buffer.data());
    lzma_.stream.avail_out = buffer.size();
    while (!ended_ && lzma_.stream.avail_out == buffer.size()) {
      const Bytes bytes = input_.peek();
      lzma_.stream.next_in = raw(bytes.data());
      lzma_.stream.avail_in = bytes.size();
      const lzma_ret result = lzma_code(&lzma_.stream, bytes.empty() ? LZMA_FINISH : LZMA_RUN);
      input_.consume(bytes.size() - lzma_.stream.avail_in);
      if (result == LZMA_STREAM_END) {
        ended_ = true;
      } else if (result == LZMA_BUF_ERROR) {
        if (bytes.empty()) throw truncated();
      } else if (result == LZMA_MEMLIMIT_ERROR) {
        throw corrupt(fmt::format("It needs {} of memory to unpack, {} are allowed",
                                  format_size(lzma_memusage(&lzma_.stream)),
                                  format_size(memory_limit)))
            .fix("Pack it again with a lower preset of xz");
      } else if (result != LZMA_OK) {
        throw corrupt(fmt::format("liblzma's code {}", static_cast<int>(result)));
      }
    }
    return buffer.size() - lzma_.stream.avail_out;
  }

 private:
  Input input_;
  Lzma lzma_;
  bool ended_ = false;
};

bool starts_with(Bytes bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

}  // namespace

std::unique_ptr<FrameFormat> codec::frame_format(Format format) {
  switch (format) {
    case Format::gzip:
      return make_gzip_format();
    case Format::zstd:
      return make_zstd_format(CheckedBy::decoder);
    case Format::xz:
      break;
  }
  return nullptr;
}

HeldBytes Decoder::next(Blocks& blocks) {
  std::shared_ptr<std::byte> block = blocks.take();
  const std::span<std::byte> room(block.get(), Blocks::block_bytes);
  const Bytes bytes = room.first(read(room));
  return {std::move(block), bytes};
}

std::unique_ptr<Decoder> make_decoder(Source& in, unsigned threads, CheckedBy checked_by) {
  using namespace std::literals;
  constexpr std::size_t tar_magic_at = 257;
  Input input(in);
  const Bytes head = input.peek(512);
  if (starts_with(head,
                  "\xfd"
                  "7zXZ\0"sv)) {
    return std::make_unique<XzDecoder>(std::move(input), threads, checked_by);
  }
  if (starts_with(head, "\x1f\x8b"sv)) {
    return make_frames_decoder(std::move(input), make_gzip_format(), threads);
  }
  if (starts_with(head, "\x28\xb5\x2f\xfd"sv)) {
    return make_frames_decoder(std::move(input), make_zstd_format(checked_by), threads);
  }
  if (starts_with(head, "BZh"sv)) {
    throw Error("archive::unknown-format", "The archive is packed with bzip2")
        .why("Only gzip, xz and zstd are supported")
        .fix("Name a distribution packed with xz in the catalog");
  }
  if (head.empty()) throw truncated();
  if (head.size() >= tar_magic_at + 5 && starts_with(head.subspan(tar_magic_at), "ustar"sv)) {
    return std::make_unique<PlainDecoder>(std::move(input));
  }
  throw Error("archive::unknown-format", "This is not an archive")
      .why("It is packed neither with gzip, xz or zstd, nor is it a plain tar file");
}

}  // namespace halcyon
