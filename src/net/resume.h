#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "net/retry.h"

namespace halcyon {

/// One attempt at a GET: a request with these headers besides its own and with this on_head, its
/// 2xx body into the sink.
using Ask = std::function<HttpResponse(
    const HttpHeaders& more, std::function<void(const HttpResponse&)> on_head, Sink& sink)>;

/// What of a file is wanted: all of it, or some bytes.
struct ByteRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last{};  ///< nothing: up to the end
  std::string etag{};                   ///< not empty: of this content only (If-Match)
  bool is_all() const { return first == 0 && !last && etag.empty(); }
};

/// What an answer says that it has: 5 and 10 of "bytes 5-9/10" (RFC 9110: Content-Range).
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t total = 0;  ///< of the whole file; 0 when it does not say
};
/// Nothing when the answer has no such header.
std::optional<ContentRange> content_range(const HttpResponse& response);

/// Downloads with as many attempts as `retry` allows. After a broken connection the next attempt
/// asks for the bytes that are missing (RFC 9110: Range), of the same content (If-Match); a server
/// that sends all of them again is fine. Returns the answer, with the headers that came first. A
/// server that knows no ranges may send the whole file where its first bytes were asked for: the
/// status of `on_head`'s answer tells. Error "http::changed" when the content is another one
/// meanwhile; else the last attempt's.
HttpResponse get_resumed(Retry& retry, const Ask& ask, Sink& sink, const ByteRange& range = {});

}  // namespace halcyon
