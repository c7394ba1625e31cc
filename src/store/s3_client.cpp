#include "store/s3_client.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "net/signing.h"

namespace halcyon {

namespace {

/// For a server that has not given one sensible answer: its address may be wrong.
constexpr std::chrono::milliseconds kPatienceAtFirst = std::chrono::seconds(10);
/// Bytes/s; whoever sends less for HALCYON_STALL_SECONDS does not get on.
constexpr long kLeastRate = 1000;
/// How many times that limit an operation that the server thinks about may take.
constexpr long kSlowness = 10;
constexpr long kLongestConnect = 30;

constexpr std::array<std::string_view, 12> kPassing = {
    "InternalError",  "SlowDown",         "ServiceUnavailable", "RequestTimeout",
    "IncompleteBody", "BadDigest",        "OperationAborted",   "XAmzContentSHA256Mismatch",
    "Throttling",     "RequestThrottled", "TooManyRequests",    "ConditionalRequestConflict"};

bool is_passing(const S3Answer& answer) {
  return is_transient(answer.response) || answer.is_damaged ||
         std::find(kPassing.begin(), kPassing.end(), answer.fault.code) != kPassing.end();
}

S3Endpoint endpoint_of(const S3Options& options) {
  const bool aws = trim(options.endpoint).empty();
  S3Endpoint endpoint =
      parse_s3_endpoint(aws ? "s3.amazonaws.com" : options.endpoint, options.bucket);
  if (options.addressing == "host") endpoint.addressing = S3Endpoint::Addressing::host;
  if (options.addressing == "path") endpoint.addressing = S3Endpoint::Addressing::path;
  return endpoint;
}

}  // namespace

S3Client::S3Client(const S3Options& options, HttpClient& http, Now now)
    : options_(options), http_(http), now_(std::move(now)), endpoint_(endpoint_of(options)) {
  if (options_.access_key.empty() != options_.secret_key.empty()) {
    throw Error("s3::wrong-key",
                "Only one half of the key for bucket '" + endpoint_.bucket + "' is set")
        .fix("Set both HALCYON_AWS_ACCESS_KEY_ID and HALCYON_AWS_SECRET_ACCESS_KEY");
  }
}

S3Client::S3Client(const S3Client& other, HttpClient& http) : S3Client(other) { http_ = http; }

Retry S3Client::retry(const S3Call& call) const {
  RetryPolicy policy = options_.retry;
  policy.budget = std::min<std::chrono::milliseconds>(policy.budget, call.patience);
  if (!reached_) policy.budget = std::min(policy.budget, kPatienceAtFirst);
  return Retry(policy);
}

S3Answer S3Client::send(const S3Call& call) {
  Retry retry = this->retry(call);
  for (;;) {
    try {
      S3Answer answer = attempt(call, nullptr);
      if (answer.ok() || !is_passing(answer) || !retry.again(retry_after(answer.response))) {
        answer.tried = retry.told();
        return answer;
      }
    } catch (const Error& cause) {
      if (!is_transient(cause) || !retry.again()) throw broken(call, cause, retry.told());
    }
  }
}

S3Answer S3Client::get(const S3Call& call, Sink& sink) {
  Retry retry = this->retry(call);
  S3Answer answer;
  try {
    answer.response = get_resumed(
        retry,
        [&](const HttpHeaders& more, const std::function<void(const HttpResponse&)>& on_head,
            Sink& to) {
          const auto both = [&](const HttpResponse& head) {
            on_head(head);
            if (call.on_head) call.on_head(head);
          };
          const Streamed streamed{.more = more, .on_head = both, .sink = &to};
          answer = attempt(call, &streamed);
          return answer.response;
        },
        sink, call.range);
  } catch (const Error& cause) {
    throw broken(call, cause, retry.told());
  }
  // The whole object is here, though the last attempt may have been told that nothing is left.
  if (answer.response.status / 100 == 2) answer.fault = {};
  answer.tried = retry.told();
  return answer;
}

S3Answer S3Client::attempt(const S3Call& call, const Streamed* streamed) {
  for (bool corrected = false;; corrected = true) {
    S3Answer answer;
    answer.time = now_();
    *last_status_ = 0;
    answer.response = http_.get().perform(signed_request(call, answer.time, streamed),
                                          streamed == nullptr ? nullptr : streamed->sink);
    *last_status_ = answer.response.status;
    const bool has_document = *call.expects != '\0';
    if (!answer.ok() || has_document) answer.fault = parse_s3_fault(answer.response.body);
    // A failure may come after the status of success: copies and multipart uploads take a while.
    answer.is_damaged =
        has_document && answer.ok() && !has_root(answer.response.body, call.expects);
    if (answer.ok() || !answer.fault.code.empty()) reached_ = true;
    if (answer.ok() || corrected || !correct_region(answer)) return answer;
  }
}

HttpRequest S3Client::signed_request(const S3Call& call, std::chrono::system_clock::time_point time,
                                     const Streamed* streamed) const {
  HttpRequest request;
  const std::string path = endpoint_.path(call.key);
  request.method = call.method;
  request.url = endpoint_.scheme + "://" + endpoint_.host_header() + uri_encode(path, true);
  if (!call.query.empty()) request.url += "?" + canonical_query(call.query);
  request.headers = call.headers;
  request.upload = call.upload;
  request.body = call.body;
  request.meter = call.meter;
  request.stall_seconds = static_cast<long>(options_.stall.count());
  request.connect_seconds = std::min(kLongestConnect, request.stall_seconds);
  request.least_rate = kLeastRate;
  if (call.is_slow) {
    request.total_seconds = request.stall_seconds * kSlowness;
    request.least_rate = 1;
  }
  if (streamed != nullptr) {
    request.headers.insert(request.headers.end(), streamed->more.begin(), streamed->more.end());
    request.on_head = streamed->on_head;
  }
  if (options_.access_key.empty()) return request;
  const SigningKey key{.access_key = options_.access_key,
                       .secret_key = options_.secret_key,
                       .session_token = options_.session_token,
                       .region = endpoint_.region};
  request.headers = sign(key,
                         {.method = call.method,
                          .host = endpoint_.host_header(),
                          .path = path,
                          .query = call.query,
                          .headers = request.headers,
                          .payload_sha256 = call.upload ? call.sha256 : sha256(call.body)},
                         time);
  return request;
}

bool S3Client::correct_region(const S3Answer& answer) {
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

Error S3Client::error(const S3Call& call, const S3Answer& answer) const {
  Error error = s3_error(attempted(call, answer.time), answer.response, answer.fault);
  return answer.tried.empty() ? error : error.why(answer.tried);
}

Error S3Client::broken(const S3Call& call, const Error& cause, const std::string& tried) const {
  const S3Attempt attempt = attempted(call, now_());
  Error error("storage::truncated", attempt.target + " ended early");
  if (cause.id() == "http::unreachable" || cause.id() == "http::untrusted") {
    error = s3_unreachable(attempt, cause);
  } else if (cause.id() == "http::changed") {
    error = Error("storage::changed", attempt.target + " was replaced while it was read");
    error.fix(cause.fix());
  } else if (cause.id() == "http::truncated") {
    error.why(cause.why());
  } else {
    return cause;
  }
  return tried.empty() ? error : error.why(tried);
}

S3Attempt S3Client::attempted(const S3Call& call,
                              std::chrono::system_clock::time_point time) const {
  return {.action = call.action,
          .target = "s3://" + endpoint_.bucket + "/" + call.key,
          .endpoint = &endpoint_,
          .with_acl = std::any_of(call.headers.begin(), call.headers.end(),
                                  [](const auto& header) { return header.first == kAclHeader; }),
          .time = time};
}

}  // namespace halcyon
