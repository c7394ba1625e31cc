#include <fmt/format.h>
#include <lzma.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "archive/codec.h"
#include "archive/codec_handles.h"
#include "archive/frame_encoder.h"
#include "archive/gzip.h"
#include "archive/zstd.h"
#include "base/error.h"

namespace halcyon {
namespace {

using namespace codec;

/// How archives are compressed, by what they are for. The figures behind it are in
/// docs/performance.md, "Which format".
struct Settings {
  std::uint32_t xz_preset;
  std::uint64_t xz_block;  // bytes; each is packed, and unpacked, by a thread of its own
  ZstdSettings zstd;
  FrameEncoder::Sizes frames;  // of gzip and zstd
  unsigned pending;            // of them at most, for their memory
};
constexpr std::size_t never = SIZE_MAX;
constexpr Settings quick{3, 8U << 20U, {3, 64}, {4U << 20U, 1U << 20U}, 6};
constexpr Settings thorough{6, 16U << 20U, {11, 512}, {16U << 20U, never}, 3};
constexpr std::uint32_t xz_dictionary = 4U << 20U;  // bytes; a thread needs twelve times that

const Settings& settings_for(Effort effort) { return effort == Effort::quick ? quick : thorough; }

/// Of the xz encoder, as it counts itself; a third of that are buffers which are hardly touched.
constexpr std::uint64_t most_memory = 200U << 20U;

class XzEncoder : public Encoder {
 public:
  XzEncoder(Sink& out, unsigned threads, const Settings& settings)
      : out_(out), buffer_(buffer_size) {
    lzma_options_lzma lzma{};
    lzma_lzma_preset(&lzma, settings.xz_preset);
    lzma.dict_size = xz_dictionary;
    const std::array<lzma_filter, 2> filters{
        {{LZMA_FILTER_LZMA2, &lzma}, {LZMA_VLI_UNKNOWN, nullptr}}};
    lzma_mt options{};
    options.threads = std::max(1U, threads);
    options.block_size = settings.xz_block;
    options.filters = filters.data();
    options.check = LZMA_CHECK_CRC64;
    while (options.threads > 1 && lzma_stream_encoder_mt_memusage(&options) > most_memory) {
      --options.threads;
    }
    if (lzma_stream_encoder_mt(&lzma_.stream, &options) != LZMA_OK) {
      throw Error("archive::no-memory", "Cannot start the xz encoder");
    }
  }
  bool write(Bytes bytes) override {
    lzma_.stream.next_in = raw(bytes.data());
    lzma_.stream.avail_in = bytes.size();
    while (lzma_.stream.avail_in > 0) code(LZMA_RUN);
    return true;
  }
  void finish() override {
    while (code(LZMA_FINISH) != LZMA_STREAM_END) {
    }
  }

 private:
  lzma_ret code(lzma_action action) {
    lzma_.stream.next_out = raw(buffer_.data());
    lzma_.stream.avail_out = buffer_.size();
    const lzma_ret result = lzma_code(&lzma_.stream, action);
    if (result != LZMA_OK && result != LZMA_STREAM_END) {
      throw Error("archive::no-memory", "The xz encoder failed")
          .why(fmt::format("liblzma's code {}", static_cast<int>(result)));
    }
    const std::size_t count = buffer_.size() - lzma_.stream.avail_out;
    if (count > 0) out_.write({buffer_.data(), count});
    return result;
  }

  Sink& out_;
  Lzma lzma_;
  std::vector<std::byte> buffer_;
};

}  // namespace

std::unique_ptr<Encoder> make_encoder(Format format, Sink& out, unsigned threads, Effort effort,
                                      const EarlierArchive* earlier) {
  const Settings& settings = settings_for(effort);
  if (format == Format::xz) return std::make_unique<XzEncoder>(out, threads, settings);
  auto packer = format == Format::zstd ? make_zstd_packer(settings.zstd, settings.frames.most)
                                       : make_gzip_packer();
  return std::make_unique<FrameEncoder>(out, std::move(packer), settings.frames,
                                        std::min(threads, settings.pending), earlier);
}

}  // namespace halcyon
