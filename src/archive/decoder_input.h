#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "archive/codec_handles.h"
#include "base/error.h"
#include "base/stream.h"

/// What the decoders share: their input, and what they say when it is wrong.
namespace halcyon::codec {

inline Error corrupt(const std::string& why) {
  return Error("archive::corrupt", "The archive does not decode").why(why);
}

inline Error truncated() {
  return Error("archive::truncated", "The archive ends early").why("It was cut off");
}

/// A number whose lowest byte comes first.
inline std::size_t little_endian(Bytes bytes) {
  std::size_t number = 0;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    number = number << 8U | std::to_integer<std::size_t>(*byte);
  }
  return number;
}

/// The input of a decoder: a buffer that is refilled, and can be looked into.
class Input {
 public:
  explicit Input(Source& source) : source_(source), buffer_(buffer_size) {}
  /// Bytes not yet consumed; reads more when there are none. Empty at the end.
  Bytes peek() { return peek(1); }
  /// Tries to have at least `count` bytes to look at.
  Bytes peek(std::size_t count) {
    while (end_ - begin_ < count && !at_end_) fill();
    return {buffer_.data() + begin_, end_ - begin_};
  }
  void consume(std::size_t count) { begin_ += count; }

  /// Moves bytes to the end of `bytes`; raises Error "archive::truncated" when there are fewer.
  void take(std::size_t count, std::vector<std::byte>& bytes) {
    while (count > 0) {
      const Bytes here = peek();
      if (here.empty()) throw truncated();
      const Bytes piece = here.first(std::min(count, here.size()));
      bytes.insert(bytes.end(), piece.begin(), piece.end());
      consume(piece.size());
      count -= piece.size();
    }
  }
  /// Undoes a take.
  void put_back(Bytes bytes) {
    std::vector<std::byte> buffer(bytes.begin(), bytes.end());
    buffer.insert(buffer.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_));
    begin_ = 0;
    end_ = buffer.size();
    buffer.resize(std::max(end_, buffer_size));
    buffer_ = std::move(buffer);
  }

 private:
  void fill() {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    const std::size_t count = source_.read(std::span(buffer_).subspan(end_));
    end_ += count;
    at_end_ = count == 0;
  }

  Source& source_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
};

}  // namespace halcyon::codec
