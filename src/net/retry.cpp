#include "net/retry.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/interrupt.h"
#include "base/text.h"

namespace halcyon {

namespace {

constexpr int kMostDoublings = 16;

}  // namespace

std::chrono::milliseconds Retry::wait() {
  const int doublings = std::min(failures_, kMostDoublings);
  const auto bound = std::min(policy_.most, policy_.first * (1 << doublings));
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::chrono::milliseconds::rep>(0, bound.count())(random_));
}

bool Retry::again(std::chrono::seconds wish) {
  const Clock::time_point now = Clock::now();
  if (!first_failure_) first_failure_ = now;
  const auto pause = std::max<std::chrono::milliseconds>(wait(), wish);
  if (now + pause >= *first_failure_ + policy_.budget) return false;
  ++failures_;
  ++attempts_;
  interrupt::sleep(pause);
  return true;
}

void Retry::progress() {
  failures_ = 0;
  first_failure_.reset();
}

std::string Retry::told() const {
  if (attempts_ == 1) return {};
  const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start_);
  return fmt::format("Tried {} times in {}", attempts_, format_duration(taken));
}

bool is_transient(const Error& error) {
  return error.id() == "http::unreachable" || error.id() == "http::truncated";
}

bool is_transient(const HttpResponse& response) {
  switch (response.status) {
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return false;
  }
}

std::chrono::seconds retry_after(const HttpResponse& response) {
  constexpr std::uint64_t longest = 3600;
  const auto number = parse_number(trim(response.header("retry-after")));
  return std::chrono::seconds(std::min(number.value_or(0), longest));
}

}  // namespace halcyon
