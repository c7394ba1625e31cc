#include "store/s3.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "net/signing.h"
#include "store/s3_listing.h"

namespace halcyon {

namespace {

constexpr int kPageSize = 1000;
constexpr const char* kAclHeader = "x-amz-acl";

/// Wants nothing.
class NoSink : public Sink {
 public:
  bool write(Bytes) override { return false; }
};

S3Endpoint endpoint_of(const S3Options& options) {
  const bool aws = trim(options.endpoint).empty();
  return parse_s3_endpoint(aws ? "s3.amazonaws.com" : options.endpoint, options.bucket);
}

}  // namespace

S3Storage::S3Storage(S3Options options, HttpClient& http,
                     std::function<std::chrono::system_clock::time_point()> now)
    : options_(std::move(options)),
      http_(http),
      now_(std::move(now)),
      endpoint_(endpoint_of(options_)) {
  if (options_.access_key.empty() != options_.secret_key.empty()) {
    throw Error("s3::wrong-key",
                "Only one half of the key for bucket '" + endpoint_.bucket + "' is set")
        .fix("Set both HALCYON_AWS_ACCESS_KEY_ID and HALCYON_AWS_SECRET_ACCESS_KEY");
  }
}

std::string S3Storage::describe() const {
  const std::string name = "s3://" + endpoint_.bucket + "/" + endpoint_.prefix;
  return name.substr(0, name.size() - 1);
}

std::string S3Storage::describe(std::string_view key) const {
  return describe() + "/" + std::string(key);
}

std::vector<ObjectInfo> S3Storage::list(std::string_view prefix) {
  const Call call{.action = "list", .key = endpoint_.prefix + std::string(prefix)};
  Answer answer;
  auto objects = read_listing(call.key, endpoint_.prefix.size(), [&](const std::string& token) {
    answer = send_list(call.key, token, kPageSize);
    if (!answer.ok()) throw error(call, answer);
    return answer.response.body;
  });
  if (!objects) throw error(call, answer);
  return std::move(*objects);
}

bool S3Storage::get(std::string_view key, Sink& sink) {
  check_key(key);
  const Call call{.action = "read", .key = endpoint_.prefix + std::string(key)};
  const Answer answer = send(call, &sink);
  if (answer.ok() || answer.fault.code == "NoSuchKey") return answer.ok();
  if (answer.response.status == 403) {
    const Error refused = error(call, answer);
    if (refused.id() == "s3::forbidden" && is_absent(call.key)) return false;
    throw refused;
  }
  throw error(call, answer);
}

bool S3Storage::is_absent(const std::string& full_key) {
  // Who may not list is told 403 for every key that is not there (AWS, GetObject, "Permissions").
  const Answer answer = send_list(full_key, {}, 1);
  const std::optional<S3Page> page =
      answer.ok() ? parse_s3_page(answer.response.body) : std::nullopt;
  // The key itself is the first of all keys that begin with it.
  return page && (page->objects.empty() || page->objects.front().key != full_key);
}

void S3Storage::put(std::string_view key, const std::filesystem::path& file,
                    const std::string& sha256) {
  check_key(key);
  Call call{.action = "write",
            .method = "PUT",
            .key = endpoint_.prefix + std::string(key),
            .upload = file,
            .sha256 = sha256};
  add_acl(call);
  const Answer answer = send(call);
  if (!answer.ok()) throw error(call, answer);
}

void S3Storage::remove(std::string_view key) {
  check_key(key);
  const Call call{
      .action = "remove", .method = "DELETE", .key = endpoint_.prefix + std::string(key)};
  const Answer answer = send(call);
  if (!answer.ok() && answer.fault.code != "NoSuchKey") throw error(call, answer);
}

bool S3Storage::has(std::string_view key) {
  check_key(key);
  const Call call{.action = "read", .method = "HEAD", .key = endpoint_.prefix + std::string(key)};
  if (send(call).ok()) return true;
  // Such an answer has no body to say why; that of a GET has.
  NoSink none;
  return get(key, none);
}

void S3Storage::copy(std::string_view key, S3Storage& from, std::string_view from_key) {
  check_key(key);
  if (!from.has(from_key)) {
    throw Error("s3::no-such-object", from.describe(from_key) + " does not exist");
  }
  Call call{.action = "write", .method = "PUT", .key = endpoint_.prefix + std::string(key)};
  const std::string source =
      "/" + from.endpoint_.bucket + "/" + from.endpoint_.prefix + std::string(from_key);
  call.headers.emplace_back("x-amz-copy-source", uri_encode(source, true));
  add_acl(call);
  Answer answer = send(call);
  // The status comes before the copying: what fails then is told in the body.
  if (answer.ok()) answer.fault = parse_s3_fault(answer.response.body);
  if (!answer.ok() || !answer.fault.code.empty()) throw error(call, answer);
}

void S3Storage::create() {
  Call call{.action = "create", .method = "PUT"};
  add_acl(call);
  if (endpoint_.is_aws() && endpoint_.region != "us-east-1") {
    call.body = "<CreateBucketConfiguration><LocationConstraint>" + endpoint_.region +
                "</LocationConstraint></CreateBucketConfiguration>";
  }
  const Answer answer = send(call);
  if (!answer.ok() && answer.fault.code != "BucketAlreadyOwnedByYou") throw error(call, answer);
}

void S3Storage::add_acl(Call& call) const {
  // Objects are private anyway, and most buckets refuse the header today.
  if (options_.acl.empty() || options_.acl == "private") return;
  call.headers.emplace_back(kAclHeader, options_.acl);
}

S3Storage::Answer S3Storage::send_list(const std::string& full_prefix, const std::string& token,
                                       int most) {
  return send({.action = "list", .key = {}, .query = listing_query(full_prefix, token, most)});
}

S3Storage::Answer S3Storage::send(const Call& call, Sink* sink) {
  for (bool corrected = false;; corrected = true) {
    const auto time = now_();
    Answer answer;
    last_status_ = 0;
    try {
      answer.response = http_.perform(signed_request(call, time), sink);
    } catch (const Error& cause) {
      if (cause.id() == "http::unreachable") throw s3_unreachable(attempt(call, time), cause);
      if (cause.id() != "http::truncated") throw;
      throw Error("storage::truncated", attempt(call, time).target + " ended early")
          .why(cause.why());
    }
    last_status_ = answer.response.status;
    if (answer.ok()) return answer;
    answer.fault = parse_s3_fault(answer.response.body);
    answer.time = time;
    if (corrected || !correct_region(answer)) return answer;
  }
}

HttpRequest S3Storage::signed_request(const Call& call,
                                      std::chrono::system_clock::time_point time) const {
  HttpRequest request;
  const std::string path = endpoint_.path(call.key);
  request.method = call.method;
  request.url = endpoint_.scheme + "://" + endpoint_.host_header() + uri_encode(path, true);
  if (!call.query.empty()) request.url += "?" + canonical_query(call.query);
  request.headers = call.headers;
  request.upload = call.upload;
  request.body = call.body;
  if (!options_.access_key.empty()) {
    const SigningKey key{.access_key = options_.access_key,
                         .secret_key = options_.secret_key,
                         .session_token = options_.session_token,
                         .region = endpoint_.region};
    request.headers = sign(key,
                           {.method = call.method,
                            .host = endpoint_.host_header(),
                            .path = path,
                            .query = call.query,
                            .headers = call.headers,
                            .payload_sha256 = call.upload ? call.sha256 : sha256(call.body)},
                           time);
  }
  return request;
}

bool S3Storage::correct_region(const Answer& answer) {
  const long status = answer.response.status;
  const bool about_region = status == 301 || status == 307 || status == 400 || status == 403;
  if (!about_region) return false;
  std::string region = answer.response.header("x-amz-bucket-region");
  if (region.empty()) region = answer.fault.region;
  if (region.empty() && endpoint_.is_aws()) {
    const std::string& host = answer.fault.endpoint;
    const std::size_t start = host.rfind("s3");  // the bucket's name may stand before
    if (start != std::string::npos) region = region_of_host(host.substr(start)).value_or("");
  }
  if (!is_region(region) || region == endpoint_.region) return false;
  endpoint_.move_to(region);
  return true;
}

Error S3Storage::error(const Call& call, const Answer& answer) const {
  return s3_error(attempt(call, answer.time), answer.response, answer.fault);
}

S3Attempt S3Storage::attempt(const Call& call, std::chrono::system_clock::time_point time) const {
  return {.action = call.action,
          .target = "s3://" + endpoint_.bucket + "/" + call.key,
          .endpoint = &endpoint_,
          .with_acl = std::any_of(call.headers.begin(), call.headers.end(),
                                  [](const auto& header) { return header.first == kAclHeader; }),
          .time = time};
}

}  // namespace halcyon
