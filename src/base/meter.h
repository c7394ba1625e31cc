#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace halcyon {

/// One transfer as a user sees it on a terminal: a line below the log with bytes, rate and time
/// left, from its first tenths of a second until the meter goes. Elsewhere nothing is shown.
/// Several requests may count for one meter, from several threads.
class Meter {
 public:
  /// `total`: the bytes that are to pass; 0 when that is not known yet.
  explicit Meter(std::string name, std::uint64_t total = 0);
  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  /// Tells the total, unless it is known already.
  void expect(std::uint64_t total);
  /// So many bytes have passed; negative when they have to pass once more.
  void add(std::int64_t bytes);

  using Clock = std::chrono::steady_clock;
  /// "x.tar.xz  34 MB of 85 MB, 12 MB/s, 4 s left"; empty for a transfer that has just begun.
  std::string line(Clock::time_point now) const;

 private:
  const std::string name_;
  const Clock::time_point start_ = Clock::now();
  std::atomic<std::uint64_t> total_;
  std::atomic<std::int64_t> bytes_ = 0;
};

}  // namespace halcyon
