#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small text helpers without policy.
namespace halcyon {

std::string_view trim(std::string_view text);
/// Lines without their ends; CR before LF is dropped; no empty last line.
std::vector<std::string> lines(std::string_view text);
/// Splits at every `separator`; empty pieces are kept.
std::vector<std::string> split(std::string_view text, char separator);
/// Splits at white space; no empty pieces.
std::vector<std::string> words(std::string_view text);
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
std::string lower(std::string_view text);
/// Whether it starts as an http or https URL does.
bool is_web_url(std::string_view text);
bool is_word_char(char c);
/// Orders runs of digits by their value: "a-9" before "a-10".
bool natural_less(std::string_view a, std::string_view b);
/// A non-negative decimal number, whole text; nothing otherwise (or on overflow).
std::optional<std::uint64_t> parse_number(std::string_view text);
/// Whether the text is a dotted version: "9.0.2".
bool is_version(std::string_view text);
/// Compares dotted versions number by number: <0, 0, >0.
int compare_versions(std::string_view a, std::string_view b);
/// "85 MB", "3.2 kB": SI units, as Heroku prints them.
std::string format_size(std::uint64_t bytes);
/// "0.3 s", "12 s", "3 min 5 s".
std::string format_duration(std::chrono::milliseconds duration);
/// The text in POSIX shell quotes, unquoted where not needed.
std::string shell_quote(std::string_view text);
/// "YYYYMMDDHHMMSS" in UTC, the timestamp of updated Cabal archives (user guide).
std::string format_timestamp(std::chrono::system_clock::time_point time);
/// Nothing for other text, and for years that the clock's type does not hold.
std::optional<std::chrono::system_clock::time_point> parse_timestamp(std::string_view text);

}  // namespace halcyon
