#include "net/url.h"

#include <curl/curl.h>

#include <memory>

#include "base/error.h"
#include "base/text.h"

namespace halcyon {

namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;

Error bad_url(const std::string& url, CURLUcode code) {
  return Error("http::bad-url", "'" + url + "' is not a usable URL").why(curl_url_strerror(code));
}

UrlHandle parse(const std::string& url) {
  UrlHandle handle(curl_url());
  const CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0);
  if (code != CURLUE_OK) throw bad_url(url, code);
  return handle;
}

/// A part of a URL; empty when the URL has none.
std::string part(const UrlHandle& handle, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle.get(), which, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return text;
}

}  // namespace

UrlOrigin url_origin(const std::string& url) {
  const UrlHandle handle = parse(url);
  return {.scheme = lower(part(handle, CURLUPART_SCHEME)),
          .host = lower(part(handle, CURLUPART_HOST)),
          .port = part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT)};
}

std::string resolve_url(const std::string& base, const std::string& location) {
  const UrlHandle handle = parse(base);
  const CURLUcode code =
      curl_url_set(handle.get(), CURLUPART_URL, location.c_str(), CURLU_URLENCODE);
  if (code != CURLUE_OK) throw bad_url(location, code);
  return part(handle, CURLUPART_URL);
}

std::string file_url_path(const std::string& url) {
  const UrlHandle handle = parse(url);
  return part(handle, CURLUPART_PATH, CURLU_URLDECODE);
}

PlainUrl split_credentials(const std::string& url) {
  const UrlHandle handle = parse(url);
  PlainUrl plain{"", part(handle, CURLUPART_USER, CURLU_URLDECODE),
                 part(handle, CURLUPART_PASSWORD, CURLU_URLDECODE)};
  curl_url_set(handle.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(handle.get(), CURLUPART_PASSWORD, nullptr, 0);
  plain.url = part(handle, CURLUPART_URL);
  return plain;
}

}  // namespace halcyon
