#include "net/fetch.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"

namespace halcyon {

std::string fetch_text(HttpClient& http, const std::string& url, const std::string& what,
                       const std::string& fix) {
  HttpRequest request;
  request.url = url;
  request.follow_redirects = true;
  HttpResponse response = http.perform(request);
  if (response.status != 200) {
    throw Error("http::status", fmt::format("Cannot download {} {}", what, log::redact(url)))
        .why(fmt::format("The server answered with status {}", response.status))
        .fix(fix);
  }
  return std::move(response.body);
}

}  // namespace halcyon
