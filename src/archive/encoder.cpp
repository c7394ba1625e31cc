#include <fmt/format.h>
#include <lzma.h>

#include <algorithm>
#include <array>
#include <vector>

#include "archive/codec.h"
#include "archive/codec_handles.h"
#include "archive/gzip_encoder.h"
#include "archive/zstd_frames.h"
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
  unsigned zstd_threads;  // at most, for their memory
};
constexpr Settings quick{3, 8U << 20U, {3, 64}, 5};
constexpr Settings thorough{6, 16U << 20U, {11, 512}, 3};
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

std::unique_ptr<Encoder> make_encoder(Format format, Sink& out, unsigned threads, Effort effort) {
  switch (format) {
    case Format::xz:
      return std::make_unique<XzEncoder>(out, threads, settings_for(effort));
    case Format::zstd:
      return make_zstd_encoder(out, std::min(threads, settings_for(effort).zstd_threads),
                               settings_for(effort).zstd);
    case Format::gzip:
      break;
  }
  return make_gzip_encoder(out, threads);
}

}  // namespace halcyon
