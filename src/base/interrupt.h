#pragma once

#include <chrono>

#include "base/error.h"

/// The signals that ask us to end (SIGTERM from Heroku, SIGINT, SIGHUP): noticed by whatever takes
/// long, so that temporary files go, uploads are given up and children end before we do.
namespace halcyon {

/// What ends a run that was asked to end. It is no Error, nor any std::exception: nothing that goes
/// on after a failure may go on after this. Caught by main, and by whoever reports how a run ended.
class Interrupted {
 public:
  explicit Interrupted(int signal) : signal_(signal) {}
  /// As a shell tells it: 128 and the number of the signal.
  int exit_status() const { return 128 + signal_; }
  /// Error "interrupted": what is printed and reported.
  Error error() const;

 private:
  int signal_;
};

namespace interrupt {

/// While it lives, the first of each signal is noted instead of ending us; a second one ends us at
/// once. What our parent had set to be ignored stays ignored.
class Watch {
 public:
  Watch();
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
};

/// While it lives, `check` does not raise in this thread: for tidying up.
class Deferred {
 public:
  Deferred();
  ~Deferred();
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
};

/// The signal that has been noted; 0 when none.
int noted();
/// Raises Interrupted when a signal has been noted. Cheap; called for every block of bytes.
void check();
/// Sleeps, and raises Interrupted within 50 ms of a signal.
void sleep(std::chrono::milliseconds time);

}  // namespace interrupt
}  // namespace halcyon
