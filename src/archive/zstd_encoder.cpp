#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "archive/block_encoder.h"
#include "archive/codec_handles.h"
#include "archive/zstd_frames.h"
#include "base/error.h"

namespace halcyon::codec {
namespace {

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

std::size_t check(std::size_t result) {
  if (ZSTD_isError(result) != 0) {
    throw Error("archive::no-memory", "The zstd encoder failed").why(ZSTD_getErrorName(result));
  }
  return result;
}

struct Frame {
  Memory bytes;
  std::size_t count = 0;
};

Frame pack_frame(const std::vector<std::byte>& block, const ZstdSettings& settings) {
  const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx_advanced(zstd_memory));
  if (!context) throw Error("archive::no-memory", "Cannot start the zstd encoder");
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    check(ZSTD_CCtx_setParameter(context.get(), parameter, value));
  };
  set(ZSTD_c_compressionLevel, settings.level);
  set(ZSTD_c_enableLongDistanceMatching, 1);
  set(ZSTD_c_ldmMinMatch, settings.long_match);
  set(ZSTD_c_windowLog, zstd_frame_log);
  set(ZSTD_c_checksumFlag, 1);
  const std::size_t room = ZSTD_compressBound(block.size());
  Frame frame{make_memory(room)};
  frame.count =
      check(ZSTD_compress2(context.get(), frame.bytes.get(), room, block.data(), block.size()));
  return frame;
}

class ZstdEncoder : public BlockEncoder<Frame> {
 public:
  ZstdEncoder(Sink& out, unsigned threads, const ZstdSettings& settings)
      : BlockEncoder(zstd_frame_bytes, threads), out_(out), settings_(settings) {}

 protected:
  std::future<Frame> pack(std::vector<std::byte> block, bool) override {
    return std::async(std::launch::async, [block = std::move(block), settings = settings_] {
      return pack_frame(block, settings);
    });
  }
  void put(const Frame& frame) override { out_.write({frame.bytes.get(), frame.count}); }

 private:
  Sink& out_;
  const ZstdSettings settings_;
};

}  // namespace

std::unique_ptr<Encoder> make_zstd_encoder(Sink& out, unsigned threads,
                                           const ZstdSettings& settings) {
  return std::make_unique<ZstdEncoder>(out, threads, settings);
}

}  // namespace halcyon::codec
