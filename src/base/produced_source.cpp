#include "base/produced_source.h"

#include <algorithm>
#include <utility>

namespace halcyon {

/// Where the producer writes to.
class ProducedSource::Entry : public Sink {
 public:
  explicit Entry(ProducedSource& source) : source_(source) {}
  bool write(Bytes bytes) override { return source_.put(bytes); }

 private:
  ProducedSource& source_;
};

ProducedSource::ProducedSource(std::function<void(Sink&)> produce, std::size_t capacity)
    : capacity_(capacity),
      ring_(make_memory(capacity)),
      producer_([this, produce = std::move(produce)] {
        try {
          Entry entry(*this);
          produce(entry);
          end(nullptr);
        } catch (...) {
          end(std::current_exception());
        }
      }) {}

ProducedSource::~ProducedSource() {
  {
    const std::lock_guard lock(mutex_);
    is_unwanted_ = true;
  }
  changed_.notify_all();
  producer_.join();
}

std::size_t ProducedSource::read(std::span<std::byte> buffer) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_ > 0 || is_ended_; });
  if (waiting_ == 0) {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return 0;
  }
  const std::size_t count = std::min({buffer.size(), waiting_, capacity_ - first_});
  std::copy_n(ring_.get() + first_, count, buffer.begin());
  first_ = (first_ + count) % capacity_;
  waiting_ -= count;
  lock.unlock();
  changed_.notify_all();
  return count;
}

bool ProducedSource::put(Bytes bytes) {
  while (!bytes.empty()) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ < capacity_ || is_unwanted_; });
    if (is_unwanted_) return false;
    const std::size_t at = (first_ + waiting_) % capacity_;
    const std::size_t count = std::min({bytes.size(), capacity_ - waiting_, capacity_ - at});
    std::copy_n(bytes.begin(), count, ring_.get() + at);
    waiting_ += count;
    bytes = bytes.subspan(count);
    lock.unlock();
    changed_.notify_all();
  }
  return true;
}

void ProducedSource::end(std::exception_ptr failure) {
  {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    failure_ = std::move(failure);
  }
  changed_.notify_all();
}

}  // namespace halcyon
