#include "base/meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "base/log.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr auto between_paints = std::chrono::milliseconds(100);
/// What takes less is not worth a line.
constexpr auto unnoticed = std::chrono::milliseconds(300);

/// The meters that there are: a part of the log.
struct Board {
  std::mutex mutex;
  std::vector<const Meter*> meters;
  std::atomic<Meter::Clock::rep> next_paint = 0;

  void paint(Meter::Clock::time_point now) {
    next_paint = (now + between_paints).time_since_epoch().count();
    std::vector<std::string> lines;
    for (const Meter* meter : meters) {
      std::string line = meter->line(now);
      if (!line.empty()) lines.push_back(std::move(line));
    }
    log::live(lines);
  }
};

Board& board() {
  static Board instance;
  return instance;
}

}  // namespace

Meter::Meter(std::string name, std::uint64_t total) : name_(std::move(name)), total_(total) {
  const std::lock_guard lock(board().mutex);
  board().meters.push_back(this);
}

Meter::~Meter() {
  const std::lock_guard lock(board().mutex);
  std::erase(board().meters, this);
  if (log::is_live()) board().paint(Clock::now());
}

void Meter::expect(std::uint64_t total) {
  std::uint64_t unknown = 0;
  total_.compare_exchange_strong(unknown, total);
}

void Meter::add(std::int64_t bytes) {
  bytes_ += bytes;
  if (!log::is_live()) return;
  const Clock::time_point now = Clock::now();
  if (now.time_since_epoch().count() < board().next_paint) return;
  const std::lock_guard lock(board().mutex);
  board().paint(now);
}

std::string Meter::line(Clock::time_point now) const {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_);
  const std::uint64_t total = total_;
  auto bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(bytes_, 0));
  if (total > 0) bytes = std::min(bytes, total);  // a part that failed is sent again
  if (took < unnoticed || bytes == 0) return {};
  const std::uint64_t rate = bytes * 1000 / static_cast<std::uint64_t>(took.count());
  std::string line = name_ + "  " + format_size(bytes);
  if (total > 0) line += " of " + format_size(total);
  line += ", " + format_size(rate) + "/s";
  if (total > bytes && rate > 0) {
    const std::chrono::milliseconds left((total - bytes) / rate * 1000);
    line += ", " + format_duration(left) + " left";
  }
  return line;
}

}  // namespace halcyon
