#include "haskell/index_state.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"

namespace halcyon {
namespace {

/// The time as "YYYYMMDDHHMMSS"; empty for HEAD and what is no time.
std::string timestamp_of(std::string_view text) {
  if (text.starts_with('@')) {
    constexpr std::uint64_t year_9999 = 253'402'300'799;
    const auto seconds = parse_number(text.substr(1));
    if (!seconds || *seconds > year_9999) return {};
    return format_timestamp(std::chrono::system_clock::time_point(std::chrono::seconds(*seconds)));
  }
  constexpr std::string_view shape = "0000-00-00T00:00:00Z";
  if (text.size() != shape.size()) return {};
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (shape[i] == '0') {
      digits += text[i];
    } else if (text[i] != shape[i]) {
      return {};
    }
  }
  return parse_timestamp(digits) ? digits : "";
}

}  // namespace

IndexState parse_index_state(std::string_view value) {
  IndexState state;
  bool open = false;
  for (const std::string& item : split(value, ',')) {
    const std::vector<std::string> parts = words(item);  // the repository's name comes first
    if (parts.empty()) continue;
    const std::string time = timestamp_of(parts.back());
    if (time.empty()) open = true;
    state.latest = std::max(state.latest, time);
  }
  state.exact = !open && !state.latest.empty();
  return state;
}

}  // namespace halcyon
