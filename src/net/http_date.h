#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace halcyon {

/// The time in a Date header (RFC 9110, 5.6.7); nothing for other text.
std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text);

}  // namespace halcyon
