#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/meter.h"
#include "base/stream.h"

/// HTTP over libcurl.
namespace halcyon {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;
struct HttpResponse;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  HttpHeaders headers;
  std::optional<Bytes> upload;    ///< the body: these bytes, which must outlive the request,
  std::string body;               ///< else this text
  bool follow_redirects = false;  ///< at most 5, https never to http, credentials never elsewhere
  long connect_seconds = 30;      ///< to find the server and connect to it
  long stall_seconds = 60;        ///< with less than least_rate: given up
  long least_rate = 1;            ///< bytes/s
  long total_seconds = 0;         ///< for all of it; 0: as long as it goes on
  /// Called before the first byte of a 2xx body, with status and headers. What it raises ends the
  /// transfer.
  std::function<void(const HttpResponse&)> on_head;
  Meter* meter = nullptr;  ///< told of the bytes of the upload, or of a 2xx body into a sink
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; the last value wins
  std::string
      body;  ///< what did not go to the sink: bodies of other statuses than 2xx, up to 64 KiB
  /// The header's value, empty when absent.
  const std::string& header(const std::string& lower_name) const;
};

/// One client, connections kept alive between requests. Not for several threads at once. Proxies
/// come from the environment (https_proxy, no_proxy, ...), trusted certificates from SSL_CERT_FILE,
/// else from the places of Debian, Ubuntu, Alpine, Fedora and openSUSE.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  /// Performs a request. The body of a 2xx answer goes to `sink` when given (else to
  /// response.body, 64 MiB at most). A sink that wants no more ends the transfer quietly.
  /// Errors: "http::unreachable" (DNS, refused, TLS, time-out on connecting or stalling;
  /// the cause names it), "http::untrusted" (the server's certificate), "http::truncated" (the body
  /// ended early or stalled),
  /// "http::redirect" (too many, or one from https to elsewhere), "http::bad-url" (also schemes
  /// other than http and https), "http::bad-header" (a line break in a value). Every HTTP status is
  /// a response, not an Error.
  HttpResponse perform(const HttpRequest& request, Sink* sink = nullptr);
  /// Number of requests made so far (for tests and the summary).
  std::uint64_t requests() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Must be called once at program start, before threads: OpenSSL without the host's configuration,
/// libcurl.
void init_net();

}  // namespace halcyon
