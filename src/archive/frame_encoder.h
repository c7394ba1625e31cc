#pragma once

#include <deque>
#include <future>
#include <memory>
#include <vector>

#include "archive/earlier_archive.h"
#include "archive/frames.h"

namespace halcyon::codec {

/// Packs frames beside each other; they go out in order. The result does not depend on the number
/// of threads.
class FrameEncoder : public Encoder {
 public:
  struct Sizes {
    std::size_t most;   ///< bytes of content in a frame
    std::size_t least;  ///< of content before a cut ends a frame
  };
  /// `most_pending` frames at most are being packed, or wait for those before them. Frames that
  /// `earlier`, unless null, has are not packed again.
  FrameEncoder(Sink& out, std::shared_ptr<const FramePacker> packer, const Sizes& sizes,
               std::size_t most_pending, const EarlierArchive* earlier);

  bool write(Bytes bytes) override;
  void cut() override;
  void finish() override;

 private:
  void begin_next();
  void end_first();

  Sink& out_;
  const std::shared_ptr<const FramePacker> packer_;
  const Sizes sizes_;
  const std::size_t most_pending_;
  const EarlierArchive* const earlier_;
  std::vector<std::byte> next_;
  bool is_empty_ = true;
  std::deque<std::future<PackedFrame>> pending_;
};

}  // namespace halcyon::codec
