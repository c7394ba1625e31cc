#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "archive/codec.h"
#include "archive/codec_handles.h"
#include "base/error.h"

namespace halcyon {
namespace {

using namespace codec;

constexpr std::uint32_t xz_preset = 3;
constexpr std::uint64_t xz_block = 8U << 20U;
constexpr int zstd_level = 3;

class XzEncoder : public Encoder {
 public:
  XzEncoder(Sink& out, unsigned threads) : out_(out), buffer_(buffer_size) {
    lzma_mt options{};
    options.threads = std::max(1U, threads);
    options.block_size = xz_block;
    options.preset = xz_preset;
    options.check = LZMA_CHECK_CRC64;
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

class GzipEncoder : public Encoder {
 public:
  explicit GzipEncoder(Sink& out) : out_(out), buffer_(buffer_size) {}
  bool write(Bytes bytes) override {
    constexpr std::size_t at_once = 1U << 30U;  // zlib counts in 32 bits
    while (!bytes.empty()) {
      const Bytes piece = bytes.first(std::min(bytes.size(), at_once));
      bytes = bytes.subspan(piece.size());
      // zlib never writes to its input.
      deflate_.stream.next_in = const_cast<unsigned char*>(raw(piece.data()));
      deflate_.stream.avail_in = static_cast<unsigned>(piece.size());
      while (deflate_.stream.avail_in > 0) code(Z_NO_FLUSH);
    }
    return true;
  }
  void finish() override {
    while (code(Z_FINISH) != Z_STREAM_END) {
    }
  }

 private:
  int code(int flush) {
    deflate_.stream.next_out = raw(buffer_.data());
    deflate_.stream.avail_out = static_cast<unsigned>(buffer_.size());
    const int result = deflate(&deflate_.stream, flush);
    const std::size_t count = buffer_.size() - deflate_.stream.avail_out;
    if (count > 0) out_.write({buffer_.data(), count});
    return result;
  }

  Sink& out_;
  Deflate deflate_{false};
  std::vector<std::byte> buffer_;
};

class ZstdEncoder : public Encoder {
 public:
  ZstdEncoder(Sink& out, unsigned threads)
      : out_(out), context_(ZSTD_createCCtx()), buffer_(buffer_size) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, zstd_level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    // Fails in a library without threads: then there is one.
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_nbWorkers, static_cast<int>(threads));
  }
  bool write(Bytes bytes) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (in.pos < in.size) code(in, ZSTD_e_continue);
    return true;
  }
  void finish() override {
    ZSTD_inBuffer in{nullptr, 0, 0};
    while (code(in, ZSTD_e_end) != 0) {
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::size_t code(ZSTD_inBuffer& in, ZSTD_EndDirective end) {
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, end);
    if (ZSTD_isError(left) != 0) {
      throw Error("archive::no-memory", "The zstd encoder failed").why(ZSTD_getErrorName(left));
    }
    if (out.pos > 0) out_.write({buffer_.data(), out.pos});
    return left;
  }

  Sink& out_;
  std::unique_ptr<ZSTD_CCtx, Free> context_;
  std::vector<std::byte> buffer_;
};

}  // namespace

std::unique_ptr<Encoder> make_encoder(Format format, Sink& out, unsigned threads) {
  switch (format) {
    case Format::xz:
      return std::make_unique<XzEncoder>(out, threads);
    case Format::zstd:
      return std::make_unique<ZstdEncoder>(out, threads);
    case Format::gzip:
      break;
  }
  return std::make_unique<GzipEncoder>(out);
}

}  // namespace halcyon
