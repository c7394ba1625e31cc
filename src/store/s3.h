#pragma once

#include "store/ranged_get.h"
#include "store/s3_client.h"
#include "store/storage.h"

namespace halcyon {

/// The object's SHA-256, in its metadata.
constexpr const char* kDigestHeader = "x-amz-meta-sha256";

/// Storage in an S3 bucket: Signature V4, path style for custom endpoints and names with dots,
/// virtual-host style for AWS otherwise. The region comes from the endpoint's name, else from the
/// server's answer (301/400 with x-amz-bucket-region or the Region of the error document), and is
/// remembered. A 403 on a key is told apart from a missing one by asking for the listing.
/// Every object carries its SHA-256 (x-amz-meta-sha256), which is compared when it is read. Where
/// it is not known before the first of several parts is sent, it is added when all is there, by a
/// copy of the object to itself. Large objects come in ranges over several connections at once.
/// What may pass is tried again (S3Client). Every error names bucket, key, status, the server's
/// code and what to do; ids: "s3::no-such-bucket", "s3::wrong-key" (InvalidAccessKeyId,
/// SignatureDoesNotMatch, ExpiredToken), "s3::forbidden", "s3::clock-skew" (both times shown),
/// "s3::wrong-region", "s3::acl" (of a bucket that is made; objects go without an ACL where it is
/// refused, with one warning), "s3::unreachable", "s3::bucket-taken", "s3::failed",
/// "storage::truncated", "storage::changed", "storage::corrupt". Without a key requests are not
/// signed: enough for a public bucket.
class S3Storage : public Storage {
 public:
  /// `now` gives the time for signatures (tests own it). An empty endpoint is AWS.
  /// Errors: those of S3Client.
  S3Storage(const S3Options& options, HttpClient& http, Now now);
  std::string describe() const override;
  std::string describe(std::string_view key) const override;
  /// "https://s3.eu-west-1.amazonaws.com, region eu-west-1", as far as it is known.
  std::string describe_server() const override;
  Listing list_pages(std::string_view prefix, Pages pages) override;
  bool get(std::string_view key, Sink& sink, Check check = Check::by_storage) override;
  /// IfThere::keep relies on If-None-Match; on servers without it, on a look before.
  std::unique_ptr<Upload> begin(std::string_view key, IfThere if_there,
                                const Foreknown& known = {}) override;
  std::optional<std::string> digest(std::string_view key) override;
  void remove(std::string_view key) override;
  std::unique_ptr<Storage> another() const override;

  /// Whether the object is there (HEAD).
  bool has(std::string_view key);
  /// Copies an object of `from`, on the same server, to `key`, without transferring it here.
  /// Raises Error "s3::no-such-object" too.
  void copy(std::string_view key, S3Storage& from, std::string_view from_key);
  /// Makes the bucket, with the ACL of the options; one that is ours already is fine.
  void create();
  /// The bucket's region, as far as the endpoint's name and the server's answers have told.
  const std::string& region() const { return client_.endpoint().region; }
  /// The HTTP status of the server's last answer; 0 when it gave none.
  long last_status() const { return client_.last_status(); }

 private:
  class ObjectUpload;

  S3Storage(const S3Storage& other, std::unique_ptr<HttpClient> http);
  std::string full_key(std::string_view key) const;
  S3Answer head(std::string_view key);
  S3Answer get_large(const S3Call& call, Sink& sink);
  void add_acl(S3Call& call) const;
  S3Answer send_list(const std::string& full_prefix, const std::string& token, int most);
  /// Whether the listing says that there is no such key; false too when we may not list.
  bool is_absent(const std::string& full_key);
  /// Sends what writes an object; without what the server refuses to do, from then on.
  S3Answer write(S3Call& call);
  bool refused_acl(const S3Answer& answer, S3Call& call);
  bool refused_condition(const S3Answer& answer, S3Call& call);
  void clean_uploads(const std::string& full_key);

  std::unique_ptr<HttpClient> own_http_;
  S3Options options_;
  S3Client client_;
  LargeObjects large_;
  bool acl_works_ = true;
  bool conditions_work_ = true;
  bool cleaned_uploads_ = false;
};

}  // namespace halcyon
