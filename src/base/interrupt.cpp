#include "base/interrupt.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

namespace halcyon {

namespace {

constexpr std::array kSignals{SIGTERM, SIGINT, SIGHUP};

std::atomic<int> noted_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free, "it is set by a signal handler");
std::array<struct sigaction, kSignals.size()> before{};
thread_local int deferred = 0;

void note(int signal) { noted_signal = signal; }

}  // namespace

Error Interrupted::error() const {
  Error error("interrupted", "Interrupted");
  error.why(std::string("Asked to end: ") + ::strsignal(signal_));
  error.fix("Run the same command again: what is complete is kept, what is not is done again");
  return error;
}

namespace interrupt {

Watch::Watch() {
  noted_signal = 0;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = note;
    action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
    ::sigaction(kSignals[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

Watch::~Watch() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before[i], nullptr);
  noted_signal = 0;
}

Deferred::Deferred() { ++deferred; }
Deferred::~Deferred() { --deferred; }

int noted() { return noted_signal.load(std::memory_order_relaxed); }

void check() {
  if (const int signal = noted(); signal != 0 && deferred == 0) throw Interrupted(signal);
}

void sleep(std::chrono::milliseconds time) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds slice{50};
  const Clock::time_point end = Clock::now() + time;
  for (check(); Clock::now() < end; check()) {
    std::this_thread::sleep_for(std::min<Clock::duration>(slice, end - Clock::now()));
  }
}

}  // namespace interrupt
}  // namespace halcyon
