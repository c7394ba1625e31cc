#pragma once

#include <chrono>
#include <string>

#include "base/text.h"

namespace halcyon {

/// Measures a step for the log.
class Stopwatch {
 public:
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start_);
  }
  /// "done, 3.2 s".
  std::string done() const { return "done, " + format_duration(elapsed()); }
  /// "done, 85 MB, 3.2 s, 27 MB/s"; without the rate where the time is too short to tell.
  std::string done(std::uint64_t bytes) const { return done(bytes, elapsed()); }
  static std::string done(std::uint64_t bytes, std::chrono::milliseconds took) {
    constexpr std::chrono::milliseconds measurable(100);
    std::string text = "done, " + format_size(bytes) + ", " + format_duration(took);
    if (took < measurable) return text;
    return text + ", " + format_size(bytes * 1000 / static_cast<std::uint64_t>(took.count())) +
           "/s";
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace halcyon
