#pragma once

#include <chrono>
#include <random>
#include <string>

#include "base/error.h"
#include "net/http.h"

/// What is tried again, and for how long.
namespace halcyon {

struct RetryPolicy {
  /// From the first failure on, waiting and trying take no longer; 0: nothing is tried again.
  std::chrono::milliseconds budget = std::chrono::minutes(2);
  /// Bounds of the waits: before the first further attempt, and before any.
  std::chrono::milliseconds first = std::chrono::milliseconds(500);
  std::chrono::milliseconds most = std::chrono::seconds(20);
};

/// The attempts of one operation: exponential back-off with full jitter (a random wait between
/// nothing and a bound that doubles), so that many clients do not come back all at once.
class Retry {
 public:
  explicit Retry(const RetryPolicy& policy) : policy_(policy) {}
  /// Called after a failed attempt: waits, at least as long as the server wishes, and says whether
  /// to try again. False, at once, when the budget does not allow for the wait.
  bool again(std::chrono::seconds wish = {});
  /// Much was achieved since the last failure: the budget begins anew.
  void progress();
  /// "Tried 5 times in 12 s"; empty after one attempt.
  std::string told() const;

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::milliseconds wait();

  RetryPolicy policy_;
  Clock::time_point start_ = Clock::now();
  std::optional<Clock::time_point> first_failure_;
  int failures_ = 0;  ///< since there was progress
  int attempts_ = 1;
  std::mt19937 random_{std::random_device{}()};
};

/// Whether an attempt that raised this may go better the next time: no connection, or a broken one.
bool is_transient(const Error& error);
/// Whether a server that answers like this may answer otherwise soon: 408, 429, 5xx but 501, 505.
bool is_transient(const HttpResponse& response);
/// How long the server wishes us to wait (Retry-After in seconds, RFC 9110 section 10.2.3).
std::chrono::seconds retry_after(const HttpResponse& response);

}  // namespace halcyon
