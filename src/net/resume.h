#pragma once

#include <functional>

#include "net/retry.h"

namespace halcyon {

/// One attempt at a GET: a request with these headers besides its own and with this on_head, its
/// 2xx body into the sink.
using Ask = std::function<HttpResponse(
    const HttpHeaders& more, std::function<void(const HttpResponse&)> on_head, Sink& sink)>;

/// Downloads with as many attempts as `retry` allows. After a broken connection the next attempt
/// asks for the bytes that are missing (RFC 9110: Range), of the same content (If-Match); a server
/// that sends all of them again is fine. Returns the answer, with the headers that came first.
/// Error "http::changed" when the content is another one meanwhile; else the last attempt's.
HttpResponse get_resumed(Retry& retry, const Ask& ask, Sink& sink);

}  // namespace halcyon
