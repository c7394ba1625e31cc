#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "archive/frames.h"
#include "base/files.h"

namespace halcyon {

/// An archive of much the same tree as one that is to be made: frames that both have are taken over
/// as they are packed. Nothing is believed of it: it is unpacked to know what is in it.
class EarlierArchive {
 public:
  /// Reads an archive in this format whose SHA-256 is known, by `threads` threads at most. One that
  /// is not what it should be, or is not in frames, is as good as none; so is what follows the
  /// first frame that is too large.
  EarlierArchive(const std::filesystem::path& file, const std::string& sha256, Format format,
                 unsigned threads);
  /// The frame with this content; nothing when there is none. For any thread.
  std::optional<codec::PackedFrame> find(Bytes content) const;
  std::size_t frames() const { return frames_.size(); }

 private:
  struct Place {
    std::uint64_t offset;
    std::size_t count;
  };
  void read(const std::filesystem::path& file, const std::string& sha256,
            const codec::FrameFormat& format, unsigned threads);

  UniqueFd fd_;
  std::map<std::string, Place> frames_;  // by the SHA-256 of their content
};

}  // namespace halcyon
