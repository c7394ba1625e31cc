#include "store/public.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "net/resume.h"
#include "net/signing.h"
#include "store/s3_listing.h"

namespace halcyon {

namespace {

constexpr int kPageSize = 1000;
/// Seconds.
constexpr long kConnectTime = 5;
constexpr long kStallTime = 15;

bool is_success(const HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

Error failed(const std::string& place, const std::string& why) {
  Error error("public::failed", "Cannot use the public storage " + place);
  error.why(why);
  return error;
}

}  // namespace

PublicStorage::PublicStorage(std::string url, HttpClient& http, RetryPolicy policy)
    : url_(std::move(url)), http_(http), policy_(policy) {
  while (url_.ends_with('/')) url_.pop_back();
}

std::string PublicStorage::describe() const { return "public storage " + log::redact(url_); }

std::string PublicStorage::describe(std::string_view key) const {
  return log::redact(url_) + "/" + std::string(key);
}

PublicStorage::PublicStorage(const PublicStorage& other, std::unique_ptr<HttpClient> http)
    : own_http_(std::move(http)), url_(other.url_), http_(*own_http_), policy_(other.policy_) {}

std::unique_ptr<Storage> PublicStorage::another() const {
  return std::unique_ptr<Storage>(new PublicStorage(*this, std::make_unique<HttpClient>()));
}

HttpResponse PublicStorage::ask(const std::string& rest, Sink& sink) {
  Meter meter(rest.starts_with('?') ? "listing" : rest.substr(rest.rfind('/') + 1));
  const auto attempt = [&](const HttpHeaders& more,
                           std::function<void(const HttpResponse&)> on_head, Sink& to) {
    HttpRequest request;
    request.url = url_ + "/" + rest;
    request.headers = more;
    request.follow_redirects = true;
    request.connect_seconds = kConnectTime;
    request.stall_seconds = kStallTime;
    request.on_head = std::move(on_head);
    request.meter = &meter;
    return http_.perform(request, &to);
  };
  try {
    Retry retry(policy_);
    return get_resumed(retry, attempt, sink);
  } catch (const Error& error) {
    if (!error.id().starts_with("http::")) throw;
    const std::string why = error.why().empty() ? "" : "\n" + error.why();
    throw failed(log::redact(url_), log::redact(error.what() + why));
  }
}

Listing PublicStorage::list_pages(std::string_view prefix, Pages pages) {
  auto listing =
      read_listing(std::string(prefix), 0, pages, [&](const std::string& token) -> std::string {
        StringSink page;
        const HttpResponse response =
            ask("?" + canonical_query(listing_query(std::string(prefix), token, kPageSize)), page);
        if (!is_success(response)) {
          throw failed(log::redact(url_),
                       fmt::format("Its listing has status {}{}", response.status,
                                   response.status == 403 ? ": not everybody may read it" : ""));
        }
        return std::move(page.text);
      });
  if (!listing) throw failed(log::redact(url_), "What it lists is not the listing of a bucket");
  return std::move(*listing);
}

bool PublicStorage::get(std::string_view key, Sink& sink, Check) {
  check_key(key);
  const HttpResponse response = ask(uri_encode(key, true), sink);
  if (is_success(response)) return true;
  if (response.status >= 400 && response.status < 500) return false;
  throw failed(log::redact(url_), fmt::format("The status of {} is {}", key, response.status));
}

std::unique_ptr<Upload> PublicStorage::begin(std::string_view key, IfThere, const Foreknown&) {
  check_key(key);
  throw Error("storage::read-only", "Cannot write to the " + describe());
}

std::optional<std::string> PublicStorage::digest(std::string_view) { return {}; }

void PublicStorage::remove(std::string_view key) {
  check_key(key);
  throw Error("storage::read-only", "Cannot remove from the " + describe());
}

}  // namespace halcyon
