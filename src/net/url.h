#pragma once

#include <string>
#include <string_view>

/// URLs as libcurl understands them, so that what is checked is what is used.
namespace halcyon {

/// The parts of an absolute URL that decide where a request goes.
struct UrlOrigin {
  std::string scheme;  ///< lower case
  std::string host;    ///< lower case
  std::string port;    ///< the scheme's default when the URL has none
  bool operator==(const UrlOrigin&) const = default;
};

/// Error "http::bad-url" when the text is no absolute URL.
UrlOrigin url_origin(const std::string& url);
/// Where a Location header leads, seen from `base` (RFC 3986 section 5).
/// Error "http::bad-url" when it makes no sense.
std::string resolve_url(const std::string& base, const std::string& location);
/// The path of a "file:///path" or "file://localhost/path" URL, percent-decoded.
/// Error "http::bad-url" for other hosts.
std::string file_url_path(const std::string& url);

/// A URL without the user and password that it names, and these, decoded.
struct PlainUrl {
  std::string url;
  std::string user;
  std::string password;
};
/// Error "http::bad-url" when the text is no absolute URL.
PlainUrl split_credentials(const std::string& url);

}  // namespace halcyon
