#include "store/ranged_get.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/memory.h"

namespace halcyon {

namespace {

constexpr long kPartial = 206;
constexpr long kWrongRange = 416;

/// Raised through a transfer that brings what nothing can be made of: the object has to come whole.
struct NoRanges {};

/// The ranges behind the first one: asked for ahead of what is read, so many at once.
class OtherRanges {
 public:
  OtherRanges(const RangePolicy& policy, std::uint64_t total, std::string etag)
      : policy_(policy),
        total_(total),
        etag_(std::move(etag)),
        count_(static_cast<std::size_t>((total + policy.bytes - 1) / policy.bytes)),
        slots_(policy.connections) {}
  ~OtherRanges() {
    {
      const std::lock_guard lock(mutex_);
      is_unwanted_ = true;
    }
    changed_.notify_all();
  }
  OtherRanges(const OtherRanges&) = delete;
  OtherRanges& operator=(const OtherRanges&) = delete;

  void start(GetRange get) {
    workers_.emplace_back([this, get = std::move(get)] { work(get); });
  }

  /// Passes them on, in order, while they arrive.
  void pass_on(Sink& sink) {
    for (; read_ < count_; advance()) {
      const Slot& slot = slot_of(read_);
      const std::size_t wanted = size_of(read_);
      for (std::size_t passed = 0; passed < wanted;) {
        const std::size_t arrived = wait_for(slot, passed);
        if (!sink.write({slot.bytes.get() + passed, arrived - passed})) return;
        passed = arrived;
      }
    }
  }

 private:
  struct Slot {
    Memory bytes;
    std::size_t size = 0;  // of the range
    std::size_t range = 0;
    std::size_t arrived = 0;
  };

  /// Fills a slot, which is read and given to another range as soon as it is full; wants no more
  /// when nobody reads it.
  class SlotSink : public Sink {
   public:
    SlotSink(OtherRanges& ranges, Slot& slot) : ranges_(ranges), slot_(slot), left_(slot.size) {}
    bool write(Bytes bytes) override {
      if (bytes.size() > left_)
        throw Error("storage::truncated", "The server sent too much of a file");
      const std::size_t at = slot_.size - left_;
      // Only what is told to have arrived is read by the other thread.
      std::copy(bytes.begin(), bytes.end(), slot_.bytes.get() + at);
      left_ -= bytes.size();
      const std::lock_guard lock(ranges_.mutex_);
      slot_.arrived = at + bytes.size();
      ranges_.changed_.notify_all();
      return !ranges_.is_unwanted_;
    }
    std::size_t left() const { return left_; }

   private:
    OtherRanges& ranges_;
    Slot& slot_;
    std::size_t left_;
  };

  Slot& slot_of(std::size_t range) { return slots_[range % slots_.size()]; }
  std::size_t size_of(std::size_t range) const {
    return static_cast<std::size_t>(std::min(policy_.bytes, total_ - range * policy_.bytes));
  }

  std::size_t wait_for(const Slot& slot, std::size_t passed) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || (slot.range == read_ && slot.arrived > passed); });
    if (failure_) std::rethrow_exception(failure_);
    return slot.arrived;
  }

  void advance() {
    {
      const std::lock_guard lock(mutex_);
      ++read_;
    }
    changed_.notify_all();
  }

  void work(const GetRange& get) {
    try {
      while (Slot* slot = next_slot()) {
        const std::uint64_t first = slot->range * policy_.bytes;
        const std::size_t wanted = slot->size;
        SlotSink sink(*this, *slot);
        get({first, first + wanted - 1, etag_}, nullptr, sink);
        const std::lock_guard lock(mutex_);
        if (is_unwanted_ || sink.left() == 0) continue;
        throw Error("storage::truncated", "The server left out a part of the file")
            .why(fmt::format("It sent {} bytes of {} from byte {} on", wanted - sink.left(), wanted,
                             first));
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      is_unwanted_ = true;
      if (!failure_) failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  /// A slot for the next range, as soon as one is free; nullptr when there is nothing left to do.
  Slot* next_slot() {
    std::unique_lock lock(mutex_);
    changed_.wait(
        lock, [this] { return is_unwanted_ || next_ >= count_ || next_ < read_ + slots_.size(); });
    if (is_unwanted_ || next_ >= count_) return nullptr;
    Slot& slot = slot_of(next_);
    slot.range = next_++;
    slot.arrived = 0;
    slot.size = size_of(slot.range);
    if (!slot.bytes) slot.bytes = make_memory(static_cast<std::size_t>(policy_.bytes));
    return &slot;
  }

  const RangePolicy policy_;
  const std::uint64_t total_;
  const std::string etag_;
  const std::size_t count_;  // of all ranges
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Slot> slots_;
  std::size_t next_ = 1;  // that is asked for
  std::size_t read_ = 1;  // that is passed on
  bool is_unwanted_ = false;
  std::exception_ptr failure_;
  std::vector<std::jthread> workers_;  // the last ones: they use the others
};

/// Passes on, and remembers whether more is wanted.
class WatchedSink : public Sink {
 public:
  explicit WatchedSink(Sink& sink) : sink_(sink) {}
  bool write(Bytes bytes) override {
    wants_more = sink_.write(bytes);
    return wants_more;
  }
  bool wants_more = true;

 private:
  Sink& sink_;
};

}  // namespace

void LargeObjects::learn(const std::vector<ObjectInfo>& listing) {
  for (const ObjectInfo& object : listing) {
    if (object.size > least_) sizes_[object.key] = object.size;
  }
}

std::uint64_t LargeObjects::size(std::string_view key) const {
  const auto known = sizes_.find(key);
  return known == sizes_.end() ? 0 : known->second;
}

HttpResponse get_in_ranges(const std::function<GetRange()>& connect, Sink& sink,
                           const RangePolicy& policy) {
  const GetRange get = connect();
  WatchedSink watched(sink);
  std::optional<OtherRanges> others;
  const auto begin = [&](const HttpResponse& head) {
    if (head.status != kPartial || others) return;
    const std::uint64_t total = content_range(head).value_or(ContentRange{}).total;
    const std::string& etag = head.header("etag");
    if (total == 0 || !etag.starts_with('"')) throw NoRanges();
    others.emplace(policy, total, etag);
    const std::uint64_t count = (total - 1) / policy.bytes;
    for (std::size_t i = 0; i < std::min<std::uint64_t>(count, policy.connections); ++i) {
      others->start(connect());
    }
  };
  try {
    HttpResponse response = get({0, policy.bytes - 1}, begin, watched);
    if (response.status != kWrongRange) {
      if (others && watched.wants_more) others->pass_on(sink);
      return response;
    }
  } catch (const NoRanges&) {  // nothing has been passed on
  }
  return get({}, nullptr, sink);
}

}  // namespace halcyon
