#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/resume.h"
#include "store/storage.h"

/// Large objects come over several connections at once.
namespace halcyon {

/// Asks for some bytes of an object over a connection of its own, tried again as that storage has
/// it. An answer that is not a success is returned for the first bytes, and raised for the others.
using GetRange = std::function<HttpResponse(
    const ByteRange& range, std::function<void(const HttpResponse&)> on_head, Sink& sink)>;

struct RangePolicy {
  std::uint64_t above = 16U << 20U;  ///< larger objects come in ranges
  std::uint64_t bytes = 8U << 20U;   ///< of one range
  std::size_t connections = 4;       ///< memory: a range each
};

/// The sizes of large objects, as a listing told: only for them it is worth to ask for ranges.
class LargeObjects {
 public:
  explicit LargeObjects(const RangePolicy& policy) : least_(policy.above) {}
  void learn(const std::vector<ObjectInfo>& listing);
  /// 0 when it is small, or not known.
  std::uint64_t size(std::string_view key) const;

 private:
  std::uint64_t least_;
  std::map<std::string, std::uint64_t, std::less<>> sizes_;
};

/// Streams an object into the sink, in order: its first range, then, when that is there and tells
/// that the server knows ranges and what content this is (a strong ETag), the others over several
/// connections at once, of the same content (If-Match). A server that knows none sends all of it at
/// once. `connect` makes a connection; it is called in this thread, its results are used in others.
/// Returns the first answer. Raises what GetRange raises, and "storage::truncated".
HttpResponse get_in_ranges(const std::function<GetRange()>& connect, Sink& sink,
                           const RangePolicy& policy);

}  // namespace halcyon
