#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "base/memory.h"
#include "base/stream.h"

namespace halcyon {

/// What a producer writes, read in another thread while it is written: so that a transfer goes on
/// while what has come is decoded. At most `capacity` bytes wait in between.
class ProducedSource : public Source {
 public:
  /// Starts `produce` in a thread of its own. What it raises is raised by the read that comes to
  /// that place.
  explicit ProducedSource(std::function<void(Sink&)> produce, std::size_t capacity = 4U << 20U);
  /// Tells the producer that no more is wanted (Sink::write is false), and waits for its end.
  ~ProducedSource() override;
  ProducedSource(const ProducedSource&) = delete;
  ProducedSource& operator=(const ProducedSource&) = delete;

  std::size_t read(std::span<std::byte> buffer) override;

 private:
  class Entry;

  bool put(Bytes bytes);
  void end(std::exception_ptr failure);

  const std::size_t capacity_;
  Memory ring_;
  std::size_t first_ = 0;  // where the bytes that wait begin
  std::size_t waiting_ = 0;
  bool is_ended_ = false;     // the producer
  bool is_unwanted_ = false;  // the reader has gone
  std::exception_ptr failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread producer_;
};

}  // namespace halcyon
