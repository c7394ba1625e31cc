#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/stream.h"

/// HTTP over libcurl.
namespace halcyon {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::filesystem::path> upload;  ///< the body is this file
  std::string body;                             ///< else this text
  bool follow_redirects = false;  ///< at most 5, https never to http, credentials never elsewhere
  long connect_seconds = 30;      ///< to find the server and connect to it
  long stall_seconds = 60;        ///< under 1 byte/s
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
  /// the cause names it), "http::truncated" (the body ended early),
  /// "http::redirect" (too many, or one from https to elsewhere), "http::bad-url" (also schemes
  /// other than http and https), "http::bad-header" (a line break in a value), "http::changed-file"
  /// (the upload became shorter meanwhile). Every HTTP status is a response, not an Error.
  HttpResponse perform(const HttpRequest& request, Sink* sink = nullptr);
  /// Number of requests made so far (for tests and the summary).
  std::uint64_t requests() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Downloads an http(s) or file URL to a file, atomically, following redirects; returns its
/// SHA-256. When `expected_sha256` is not empty and differs, the file is not kept: Error
/// "http::wrong-checksum". A status other than 200: Error "http::status".
std::string download(HttpClient& http, const std::string& url, const std::filesystem::path& file,
                     const std::string& expected_sha256);

/// Must be called once at program start, before threads: OpenSSL without the host's configuration,
/// libcurl.
void init_net();

}  // namespace halcyon
