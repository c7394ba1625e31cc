#include "net/http_date.h"

#include <curl/curl.h>

namespace halcyon {

std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text) {
  const time_t time = curl_getdate(text.c_str(), nullptr);
  if (time < 0) return {};
  return std::chrono::system_clock::from_time_t(time);
}

}  // namespace halcyon
