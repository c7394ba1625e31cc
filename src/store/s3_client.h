#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/resume.h"
#include "store/ranged_get.h"
#include "store/s3_endpoint.h"
#include "store/s3_errors.h"
#include "store/s3_xml.h"

namespace halcyon {

using Now = std::function<std::chrono::system_clock::time_point()>;

struct S3Options {
  std::string bucket;           ///< HALCYON_S3_BUCKET: `name`, or `name/sub/path` (a key prefix)
  std::string endpoint;         ///< HALCYON_S3_ENDPOINT: a host name, or scheme://host:port
  std::string addressing{};     ///< HALCYON_S3_ADDRESSING: "auto", "host" or "path"
  std::string acl{};            ///< HALCYON_S3_ACL: "private" sends no header; "public-read" does
  std::string access_key{};     ///< HALCYON_AWS_ACCESS_KEY_ID
  std::string secret_key{};     ///< HALCYON_AWS_SECRET_ACCESS_KEY
  std::string session_token{};  ///< optional
  RetryPolicy retry{};          ///< HALCYON_RETRY_SECONDS
  std::chrono::seconds stall = std::chrono::seconds(60);  ///< HALCYON_STALL_SECONDS
  /// What has more bytes is uploaded in parts of this size, which wait in memory. S3's least is
  /// 5 MiB.
  std::uint64_t part_bytes = 8U << 20U;
  RangePolicy ranges{};  ///< of downloads
  /// Unfinished uploads beside ours are removed at this age: no dyno lives longer.
  std::chrono::seconds orphan_age = std::chrono::hours(24);
};

/// One operation of the API.
struct S3Call {
  std::string action;  ///< for errors: "read", "write"
  std::string method = "GET";
  std::string key{};  ///< with our prefix; empty for the bucket itself
  HttpHeaders query{};
  HttpHeaders headers{};
  std::optional<Bytes> upload{};  ///< HttpRequest::upload
  std::string sha256{};           ///< of the upload
  std::string body{};             ///< sent when there is no upload
  const char* expects = "";       ///< root element of a good answer; empty when it has no document
  bool is_slow = false;           ///< the server may think for long, and sends a byte now and then
  std::chrono::seconds patience = std::chrono::hours(1);  ///< at most this long is it tried again
  Meter* meter = nullptr;                                 ///< HttpRequest::meter
  ByteRange range{};                                      ///< of a `get`
  std::function<void(const HttpResponse&)> on_head{};     ///< of a `get`: HttpRequest::on_head
};

struct S3Answer {
  HttpResponse response;
  S3Fault fault;            ///< empty when all is well
  bool is_damaged = false;  ///< a success, but not the document that belongs to it
  std::chrono::system_clock::time_point time;  ///< what was signed
  std::string tried;                           ///< Retry::told
  bool ok() const {
    return response.status >= 200 && response.status < 300 && fault.code.empty() && !is_damaged;
  }
};

/// Requests to one bucket: signed (not without a key), sent to the region that the server names,
/// tried again where that makes sense. Not for several threads at once; each takes a copy.
class S3Client {
 public:
  /// Errors: "s3::bad-endpoint", "s3::bad-bucket", "s3::wrong-key" (only one half of the key).
  S3Client(const S3Options& options, HttpClient& http, Now now);
  /// The same with connections of its own.
  S3Client(const S3Client& other, HttpClient& http);

  const S3Endpoint& endpoint() const { return endpoint_; }
  std::chrono::system_clock::time_point now() const { return now_(); }

  /// Sends a call, again after failures that may pass: no connection, 429, 5xx, SlowDown, what was
  /// damaged on its way. A server that has never given a sensible answer is given up soon. Raises
  /// "s3::unreachable", and "storage::truncated" for an answer that ended early.
  S3Answer send(const S3Call& call);
  /// As `send`, with the object into the sink; resumed from the byte reached. Raises
  /// "storage::changed" too.
  S3Answer get(const S3Call& call, Sink& sink);
  /// The Error for an answer that is not the wanted one.
  Error error(const S3Call& call, const S3Answer& answer) const;
  /// The HTTP status of the last answer, of copies too; 0 when there was none.
  long last_status() const { return *last_status_; }

 private:
  struct Streamed {
    const HttpHeaders& more;
    std::function<void(const HttpResponse&)> on_head;
    Sink* sink;
  };
  Retry retry(const S3Call& call) const;
  /// Once, and once more where the region was wrong.
  S3Answer attempt(const S3Call& call, const Streamed* streamed);
  HttpRequest signed_request(const S3Call& call, std::chrono::system_clock::time_point time,
                             const Streamed* streamed) const;
  /// Learns the bucket's region from an answer; false when that changes nothing.
  bool correct_region(const S3Answer& answer);
  S3Attempt attempted(const S3Call& call, std::chrono::system_clock::time_point time) const;
  Error broken(const S3Call& call, const Error& cause, const std::string& tried) const;

  S3Options options_;
  std::reference_wrapper<HttpClient> http_;
  Now now_;
  S3Endpoint endpoint_;
  bool reached_ = false;  ///< it has given an answer that makes sense
  std::shared_ptr<std::atomic<long>> last_status_ = std::make_shared<std::atomic<long>>(0);
};

}  // namespace halcyon
