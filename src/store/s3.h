#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/http.h"
#include "store/s3_endpoint.h"
#include "store/s3_errors.h"
#include "store/s3_xml.h"
#include "store/storage.h"

namespace halcyon {

struct S3Options {
  std::string bucket;         ///< HALCYON_S3_BUCKET: `name`, or `name/sub/path` (a key prefix)
  std::string endpoint;       ///< HALCYON_S3_ENDPOINT: a host name, or scheme://host:port
  std::string acl;            ///< HALCYON_S3_ACL: "private" sends no header; "public-read" does
  std::string access_key;     ///< HALCYON_AWS_ACCESS_KEY_ID
  std::string secret_key;     ///< HALCYON_AWS_SECRET_ACCESS_KEY
  std::string session_token;  ///< optional
};

/// Storage in an S3 bucket: Signature V4, path style for custom endpoints and names with dots,
/// virtual-host style for AWS otherwise. The region comes from the endpoint's name, else from the
/// server's answer (301/400 with x-amz-bucket-region or the Region of the error document), and is
/// remembered. A 403 on a key is told apart from a missing one by asking for the listing.
/// Every error names bucket, key, status, the server's code and what to do; ids:
/// "s3::no-such-bucket", "s3::wrong-key" (InvalidAccessKeyId, SignatureDoesNotMatch, ExpiredToken),
/// "s3::forbidden", "s3::clock-skew" (both times shown), "s3::wrong-region", "s3::acl",
/// "s3::unreachable", "s3::bucket-taken", "s3::failed". Without a key requests are not signed: that
/// is enough for a public bucket.
class S3Storage : public Storage {
 public:
  /// `now` gives the time for signatures (tests own it). An empty endpoint is AWS.
  /// Errors: "s3::bad-endpoint", "s3::bad-bucket", "s3::wrong-key" (only one half of the key).
  S3Storage(S3Options options, HttpClient& http,
            std::function<std::chrono::system_clock::time_point()> now);
  std::string describe() const override;
  std::string describe(std::string_view key) const override;
  std::vector<ObjectInfo> list(std::string_view prefix) override;
  bool get(std::string_view key, Sink& sink) override;
  void put(std::string_view key, const std::filesystem::path& file,
           const std::string& sha256) override;
  void remove(std::string_view key) override;

  /// Whether the object is there (HEAD).
  bool has(std::string_view key);
  /// Copies an object of `from`, on the same server, to `key`, without transferring it here.
  /// Raises Error "s3::no-such-object" too.
  void copy(std::string_view key, S3Storage& from, std::string_view from_key);
  /// Makes the bucket, with the ACL of the options; one that is ours already is fine.
  void create();
  /// The bucket's region, as far as the endpoint's name and the server's answers have told.
  const std::string& region() const { return endpoint_.region; }
  /// The HTTP status of the server's last answer; 0 when it gave none.
  long last_status() const { return last_status_; }

 private:
  /// One operation of the API.
  struct Call {
    std::string action;  ///< for errors: "read", "write"
    std::string method = "GET";
    std::string key{};  ///< with our prefix; empty for the bucket itself
    std::vector<std::pair<std::string, std::string>> query{};
    std::vector<std::pair<std::string, std::string>> headers{};
    std::optional<std::filesystem::path> upload{};
    std::string sha256{};  ///< of the upload
    std::string body{};    ///< sent when there is no upload
  };
  struct Answer {
    HttpResponse response;
    S3Fault fault;                               ///< empty when the status is 2xx
    std::chrono::system_clock::time_point time;  ///< what was signed
    bool ok() const { return response.status >= 200 && response.status < 300; }
  };
  /// Every request goes through here: signed, sent, and once more if the region was wrong.
  Answer send(const Call& call, Sink* sink = nullptr);
  HttpRequest signed_request(const Call& call, std::chrono::system_clock::time_point time) const;
  /// Learns the bucket's region from an answer; false when that changes nothing.
  bool correct_region(const Answer& answer);
  void add_acl(Call& call) const;
  Answer send_list(const std::string& full_prefix, const std::string& token, int most);
  /// Whether the listing says that there is no such key; false too when we may not list.
  bool is_absent(const std::string& full_key);
  Error error(const Call& call, const Answer& answer) const;
  S3Attempt attempt(const Call& call, std::chrono::system_clock::time_point time) const;

  S3Options options_;
  HttpClient& http_;
  std::function<std::chrono::system_clock::time_point()> now_;
  S3Endpoint endpoint_;
  long last_status_ = 0;
};

}  // namespace halcyon
