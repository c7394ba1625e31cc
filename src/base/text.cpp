#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>

namespace halcyon {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the run of digits at the front of `text`, without leading zeros.
std::string_view take_digits(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

int compare_digits(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> all = split(text, '\n');
  if (all.back().empty()) all.pop_back();
  for (std::string& line : all) {
    if (line.ends_with('\r')) line.pop_back();
  }
  return all;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  for (;;) {
    const std::size_t end = text.find(separator);
    pieces.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> pieces;
  std::string piece;
  for (const char c : text) {
    if (!is_space(c)) {
      piece += c;
    } else if (!piece.empty()) {
      pieces.push_back(std::move(piece));
      piece.clear();
    }
  }
  if (!piece.empty()) pieces.push_back(std::move(piece));
  return pieces;
}

std::string join(const std::vector<std::string>& pieces, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) text += separator;
    text += pieces[i];
  }
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_web_url(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

bool is_word_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool natural_less(std::string_view a, std::string_view b) {
  const std::string_view whole_a = a;
  const std::string_view whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const int order = compare_digits(take_digits(a), take_digits(b));
      if (order != 0) return order < 0;
    } else {
      if (a.front() != b.front()) return a.front() < b.front();
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;  // "01" and "1": a total order all the same
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty()) return {};
  std::uint64_t value = 0;
  constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  for (const char c : text) {
    if (!is_digit(c)) return {};
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (limit - digit) / 10) return {};
    value = value * 10 + digit;
  }
  return value;
}

bool is_version(std::string_view text) {
  const std::vector<std::string> parts = split(text, '.');
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return !part.empty() && part.size() <= 9 && std::all_of(part.begin(), part.end(), is_digit);
  });
}

int compare_versions(std::string_view a, std::string_view b) {
  const std::vector<std::string> parts_a = split(a, '.');
  const std::vector<std::string> parts_b = split(b, '.');
  for (std::size_t i = 0; i < std::min(parts_a.size(), parts_b.size()); ++i) {
    std::string_view part_a = parts_a[i];
    std::string_view part_b = parts_b[i];
    const int order = compare_digits(take_digits(part_a), take_digits(part_b));
    if (order != 0) return order;
  }
  if (parts_a.size() == parts_b.size()) return 0;
  return parts_a.size() < parts_b.size() ? -1 : 1;
}

std::string format_size(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  static constexpr std::array<const char*, 5> units{"kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return value < 9.95 ? fmt::format("{:.1f} {}", value, units[unit])
                      : fmt::format("{:.0f} {}", value, units[unit]);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 9950) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  const auto seconds = (ms + 500) / 1000;
  if (seconds < 60) return fmt::format("{} s", seconds);
  return fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

std::string shell_quote(std::string_view text) {
  const auto plain = [](char c) {
    return is_word_char(c) || std::string_view("@%+=:,./-").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string format_timestamp(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::optional<std::chrono::system_clock::time_point> parse_timestamp(std::string_view text) {
  if (text.size() != 14 || !parse_number(text)) return {};
  const auto field = [&text](std::size_t at, std::size_t length) {
    return static_cast<unsigned>(*parse_number(text.substr(at, length)));
  };
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(field(0, 4))),
                                        std::chrono::month(field(4, 2)),
                                        std::chrono::day(field(6, 2))};
  // What a time_point of nanoseconds holds, less the rest of its last year.
  if (day.year() < std::chrono::year(1678) || day.year() > std::chrono::year(2261)) return {};
  if (!day.ok() || field(8, 2) > 23 || field(10, 2) > 59 || field(12, 2) > 60) return {};
  return std::chrono::sys_days(day) + std::chrono::hours(field(8, 2)) +
         std::chrono::minutes(field(10, 2)) + std::chrono::seconds(field(12, 2));
}

}  // namespace halcyon
