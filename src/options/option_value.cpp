#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "options/options.h"

namespace halcyon {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_shown = 100;

bool is_control(char c) { return (c >= 0 && c < ' ') || c == 0x7f; }

std::string_view trim_end(std::string_view text) {
  const std::string_view whole = trim(text);
  return whole.empty()
             ? whole
             : text.substr(0, static_cast<std::size_t>(whole.data() - text.data()) + whole.size());
}

/// A value fit to be printed.
std::string shown(std::string_view value) {
  std::string text(value.substr(0, max_shown));
  std::replace_if(text.begin(), text.end(), is_control, '?');
  return "'" + log::redact(text) + (value.size() > max_shown ? "…'" : "'");
}

bool has_space(std::string_view text) { return words(text).size() != 1 || trim(text) != text; }

std::string_view without_scheme(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (url.starts_with(scheme)) return url.substr(scheme.size());
  }
  return {};
}

bool is_url(std::string_view text) {
  const std::string_view rest = without_scheme(text);
  return !rest.empty() && rest.front() != '/' && !has_space(text);
}

/// "host" or "host:port".
bool is_host(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const auto port = parse_number(text.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return false;
  }
  return !host.empty() && is_word_char(host.front()) &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return is_word_char(c) || c == '-' || c == '.'; });
}

bool is_endpoint(std::string_view text) {
  std::string_view host = without_scheme(text);
  if (host.empty()) return is_host(text);
  if (host.ends_with('/')) host.remove_suffix(1);
  return is_host(host);
}

/// Amazon's rules for new buckets (S3 user guide, "Bucket naming rules").
bool is_bucket(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view name = text.substr(0, slash);
  const auto end = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.size() < 3 || name.size() > 63 || !end(name.front()) || !end(name.back())) return false;
  if (name.find("..") != std::string_view::npos) return false;
  if (!std::all_of(name.begin(), name.end(),
                   [&](char c) { return end(c) || c == '.' || c == '-'; })) {
    return false;
  }
  if (slash == std::string_view::npos) return true;
  const std::vector<std::string> parts = split(text.substr(slash + 1), '/');
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return !part.empty() && part != "." && part != ".." && !has_space(part);
  });
}

bool is_repo(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = text.substr(0, colon);
  const std::string_view url = text.substr(colon + 1);
  const bool local = url.starts_with("file:///") || url.starts_with("file+noindex:///");
  return (is_url(url) || (local && !has_space(url))) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_word_char(c) || c == '-' || c == '.'; });
}

bool is_allowed(const Option& option, const std::string& value) {
  const auto is_line = [&] { return std::none_of(value.begin(), value.end(), is_control); };
  switch (option.type) {
    case OptionType::flag:
      return value == "0" || value == "1";
    case OptionType::text:
      return is_line() && !has_space(value);
    case OptionType::path:
      return is_line() && (is_url(value) || value.find("://") == std::string::npos);
    case OptionType::file:
    case OptionType::directory:
      return is_line();
    case OptionType::words:
    case OptionType::lines:
      return value.find('\0') == std::string::npos;
    case OptionType::version:
      return is_version(value);
    case OptionType::url:
      return is_line() && is_url(value);
    case OptionType::choice: {
      const std::vector<std::string> choices = split(option.choices, '|');
      return std::find(choices.begin(), choices.end(), value) != choices.end();
    }
    case OptionType::repo:
      return is_line() && is_repo(value);
    case OptionType::bucket:
      return is_line() && is_bucket(value);
    case OptionType::host:
      return is_line() && is_endpoint(value);
    case OptionType::sha256:
      return value.size() == 64 &&
             value.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    case OptionType::number: {
      constexpr std::uint64_t largest = 1'000'000;
      return parse_number(value).value_or(largest + 1) <= largest;
    }
  }
  return false;
}

/// Only what the app is installed to may be the whole machine.
bool may_be_top(const Option& option) { return option.name == "root" || option.name == "prefix"; }

std::string absolute(const std::string& value) {
  fs::path path = fs::absolute(value).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  std::string text = path.string();
  while (text.starts_with("//")) text.erase(0, 1);  // POSIX leaves their meaning open
  return text;
}

}  // namespace

std::string allowed_values(const Option& option) {
  switch (option.type) {
    case OptionType::flag:
      return "0 or 1";
    case OptionType::text:
      return "one word";
    case OptionType::path:
      return "a file, or an http(s) URL";
    case OptionType::file:
      return "a file";
    case OptionType::directory:
      return may_be_top(option) ? "a directory" : "a directory, not /";
    case OptionType::words:
      return "words, separated by white space";
    case OptionType::lines:
      return "text of one or several lines";
    case OptionType::version:
      return "a version number, such as 9.0.2";
    case OptionType::url:
      return "an http(s) URL";
    case OptionType::choice: {
      return join(split(option.choices, '|'), " or ");
    }
    case OptionType::repo:
      return "name:URL, such as hackage.haskell.org:https://hackage.haskell.org/";
    case OptionType::bucket:
      return "a bucket name (3 to 63 of a-z, 0-9, '.', '-'), with /sub/path after it if you like";
    case OptionType::host:
      return "host, host:port or http(s)://host:port";
    case OptionType::sha256:
      return "a SHA-256: 64 hexadecimal digits";
    case OptionType::number:
      return "a whole number, at most 1000000";
  }
  return {};
}

std::string checked_value(const Option& option, std::string_view value, const std::string& source) {
  std::string text(trim_end(value));
  if (text.empty()) return text;
  bool good = is_allowed(option, text);
  const bool is_path = option.type == OptionType::file || option.type == OptionType::directory ||
                       (option.type == OptionType::path && !is_url(text));
  if (good && is_path) text = absolute(text);
  if (option.type == OptionType::directory && text == "/" && !may_be_top(option)) good = false;
  if (!good) {
    throw Error("option::malformed", option.secret ? source + " has a malformed value"
                                                   : source + " cannot be " + shown(text))
        .fix("Allowed: " + allowed_values(option));
  }
  return text;
}

}  // namespace halcyon
