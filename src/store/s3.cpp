#include "store/s3.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "net/signing.h"

namespace halcyon {

namespace {

constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr int kPageSize = 1000;
constexpr int kMostPages = 10'000;

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
  const std::string full_prefix = endpoint_.prefix + std::string(prefix);
  std::vector<ObjectInfo> result;
  std::string token;
  for (int pages = 1;; ++pages) {
    const Answer answer = send_list(full_prefix, token, kPageSize);
    const Call call{.action = "list", .key = full_prefix};
    if (!answer.ok()) throw error(call, answer);
    std::optional<S3Page> page = parse_s3_page(answer.response.body);
    const bool stuck =
        page && page->truncated &&
        (page->next_token.empty() || page->next_token == token || pages == kMostPages);
    if (!page || stuck) throw error(call, answer);
    for (ObjectInfo& object : page->objects) {
      if (!object.key.starts_with(full_prefix)) continue;
      object.key.erase(0, endpoint_.prefix.size());
      // Others may keep what they like in the bucket; "directories" that consoles make, too.
      if (is_key(object.key)) result.push_back(std::move(object));
    }
    if (!page->truncated) break;
    token = page->next_token;
  }
  std::sort(result.begin(), result.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
  return result;
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
  // Objects are private anyway, and most buckets refuse the header today.
  if (!options_.acl.empty() && options_.acl != "private") {
    call.headers.emplace_back("x-amz-acl", options_.acl);
  }
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

S3Storage::Answer S3Storage::send_list(const std::string& full_prefix, const std::string& token,
                                       int most) {
  Call call{.action = "list",
            .key = {},
            .query = {{"list-type", "2"},
                      {"encoding-type", "url"},
                      {"max-keys", std::to_string(most)},
                      {"prefix", full_prefix}}};
  if (!token.empty()) call.query.emplace_back("continuation-token", token);
  return send(call);
}

S3Storage::Answer S3Storage::send(const Call& call, Sink* sink) {
  for (bool corrected = false;; corrected = true) {
    const auto time = now_();
    Answer answer;
    try {
      answer.response = http_.perform(signed_request(call, time), sink);
    } catch (const Error& cause) {
      if (cause.id() == "http::unreachable") throw s3_unreachable(attempt(call, time), cause);
      if (cause.id() != "http::truncated") throw;
      throw Error("storage::truncated", attempt(call, time).target + " ended early")
          .why(cause.why());
    }
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
  if (!options_.access_key.empty()) {
    const SigningKey key{.access_key = options_.access_key,
                         .secret_key = options_.secret_key,
                         .session_token = options_.session_token,
                         .region = endpoint_.region};
    request.headers =
        sign(key,
             {.method = call.method,
              .host = endpoint_.host_header(),
              .path = path,
              .query = call.query,
              .headers = call.headers,
              .payload_sha256 = call.upload ? call.sha256 : std::string(kEmptySha256)},
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
          .with_acl = !call.headers.empty(),
          .time = time};
}

}  // namespace halcyon
