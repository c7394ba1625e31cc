#include "base/log.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"

namespace halcyon::log {
namespace {

constexpr std::string_view margin = "       ";
constexpr std::string_view warning_margin = " !     ";
constexpr std::size_t longest_line = 9000;  // Heroku splits lines at 10000 bytes
constexpr std::size_t label_width = 41;

/// Of our environment; empty when it is not set.
std::string_view variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? "" : value;
}

bool is_smart_terminal() {
  const std::string_view kind = variable("TERM");
  return ::isatty(STDERR_FILENO) == 1 && !kind.empty() && kind != "dumb";
}

struct State {
  std::vector<std::string> secrets;
  std::string* capture = nullptr;
  std::optional<std::string> open;  ///< a line that has begun
  std::thread::id opener;           ///< who has begun it
  std::vector<std::string> live;    ///< lines below it
  std::size_t painted = 0;          ///< lines of the terminal that are to go again
  bool terminal = is_smart_terminal();
  bool colors = terminal && variable("NO_COLOR").empty();  // no-color.org
  std::recursive_mutex mutex;
};

State& state() {
  static State instance;
  return instance;
}

using Lock = std::lock_guard<std::recursive_mutex>;

/// What this thread has begun last: its line may be closed by another's when it ends.
thread_local std::string begun;

/// The start of a line, as much as a line of the terminal takes.
std::string fitting(const std::string& line) {
  constexpr std::size_t usual = 80;
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  std::size_t room = known ? size.ws_col : usual;
  std::size_t end = 0;
  for (; end < line.size(); ++end) {
    const bool starts_character = (static_cast<unsigned char>(line[end]) & 0xc0U) != 0x80;
    if (starts_character && --room == 0) break;
  }
  return line.substr(0, end);
}

/// What changes the live lines and what is printed is written at once: it does not flicker.
void write(std::string_view text) {
  if (state().capture != nullptr) {
    state().capture->append(text);
    return;
  }
  std::string all;
  if (state().painted > 0) all = fmt::format("\x1b[{}A\x1b[J", state().painted);
  all += text;
  state().painted = 0;
  if (is_live()) {
    std::vector<std::string> below = state().live;
    if (state().open) below.insert(below.begin(), *state().open);
    for (const std::string& line : below) all += fitting(line) + "\n";
    state().painted = below.size();
  }
  std::fwrite(all.data(), 1, all.size(), stderr);
}

void close_line() {
  if (!state().open) return;
  const std::string open = *std::exchange(state().open, std::nullopt);
  write((is_live() ? open : "") + "\n");
}

std::string colored(std::string_view text, std::string_view code) {
  if (!state().colors || state().capture != nullptr) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

/// What a terminal would obey is made visible; tabs stay. A line that is too long is cut, between
/// the characters of UTF-8.
std::string harmless(std::string_view text) {
  const auto byte = [&text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  std::size_t end = std::min(text.size(), longest_line);
  while (end > 0 && end < text.size() && (byte(end) & 0xc0U) == 0x80) --end;
  std::string clean;
  for (std::size_t at = 0; at < end; ++at) {
    // U+0080 to U+009F are controls too: C2 80 to C2 9F.
    const bool c1 = byte(at) == 0xc2 && at + 1 < end && byte(at + 1) < 0xa0;
    const bool control = byte(at) < 0x20 || byte(at) == 0x7f || c1;
    clean += control && text[at] != '\t' ? '?' : text[at];
    if (c1) ++at;
  }
  if (end < text.size()) clean += "…";
  return clean;
}

void print_lines(std::string_view text, std::string_view before, std::string_view color) {
  const Lock lock(state().mutex);
  close_line();
  for (const std::string& line : lines(redact(text))) {
    std::string whole = std::string(before) + harmless(line);
    while (whole.ends_with(' ')) whole.pop_back();
    write((color.empty() ? whole : colored(whole, color)) + "\n");
  }
}

}  // namespace

void step(std::string_view text) { print_lines(text, "-----> ", ""); }

void detail(std::string_view text) { print_lines(text, margin, ""); }

void begin(std::string_view text) {
  const Lock lock(state().mutex);
  close_line();
  begun = std::string(text) + "...";
  state().open = std::string(margin) + harmless(redact(begun));
  state().opener = std::this_thread::get_id();
  write(is_live() ? "" : *state().open);
}

void end(std::string_view result) {
  const Lock lock(state().mutex);
  const std::string text = std::exchange(begun, {});
  if (!state().open || state().opener != std::this_thread::get_id()) {
    return detail(text + (text.empty() ? "" : " ") + std::string(result));
  }
  const std::string open = *std::exchange(state().open, std::nullopt);
  write((is_live() ? open : "") + " " + harmless(redact(result)) + "\n");
}

bool is_live() { return state().terminal && state().capture == nullptr; }

void live(std::vector<std::string> lines) {
  if (!is_live()) return;
  const Lock lock(state().mutex);
  for (std::string& line : lines) line = std::string(margin) + harmless(redact(line));
  state().live = std::move(lines);
  write("");
}

void label(std::string_view name, std::string_view value) {
  const Lock lock(state().mutex);
  close_line();
  std::string column(name);
  if (column.size() < label_width) column.resize(label_width, ' ');
  write(std::string(margin) + column + " " + colored(harmless(redact(value)), "1") + "\n");
}

void quote(std::string_view line) { print_lines(line.empty() ? " " : line, margin, ""); }

void warning(std::string_view text) {
  const Lock lock(state().mutex);
  blank();
  print_lines(text, warning_margin, "1;33");
  blank();
}

void error(const Error& error) {
  const Lock lock(state().mutex);
  blank();
  print_lines("Error: " + std::string(error.what()), warning_margin, "1;31");
  if (!error.why().empty()) print_lines(error.why(), warning_margin, "1;31");
  if (!error.fix().empty()) {
    print_lines(" \nTo fix it:", warning_margin, "1;31");
    std::string indented;
    for (const std::string& line : lines(error.fix())) indented += "  " + line + "\n";
    print_lines(indented, warning_margin, "1;31");
  }
  blank();
}

void blank() {
  const Lock lock(state().mutex);
  close_line();
  write("\n");
}

void add_secret(std::string_view value) {
  constexpr std::size_t shortest = 4;
  constexpr std::size_t shortest_line = 8;  // "-----END KEY-----" may go, "}" must stay
  std::vector<std::string>& secrets = state().secrets;
  const std::vector<std::string> parts = lines(value);
  if (parts.size() > 1) {
    for (const std::string& part : parts) {
      if (part.size() >= shortest_line) secrets.push_back(part);
    }
  }
  const std::string_view whole = trim(value);  // a config var may end with a line's end
  if (whole.size() >= shortest) secrets.emplace_back(whole);
  // The longest first: a secret that begins another must not leave the other's rest.
  std::stable_sort(secrets.begin(), secrets.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

namespace {

/// What presigned URLs and the like have in their query: "X-Amz-Signature", "access_token", "sig".
bool is_secret_parameter(std::string_view name) {
  const std::string lower_name = lower(name);
  for (const char* ending : {"signature", "credential", "token", "password", "secret", "sig"}) {
    if (lower_name.ends_with(ending)) return true;
  }
  return false;
}

/// "?name=value" and "&name=value" of the URL that begins at `start`.
void redact_query(std::string& text, std::size_t start) {
  const auto find = [&text](const char* any, std::size_t from) {
    return std::min(text.find_first_of(any, from), text.size());
  };
  for (std::size_t at = find("? \t\n\"'", start); at < text.size() && text[at] != ' ';) {
    if (text[at] != '?' && text[at] != '&') return;
    const std::size_t equals = find("=& \t\n\"'#", at + 1);
    if (equals == text.size()) return;
    std::size_t end = find("& \t\n\"'#", equals);
    if (text[equals] == '=' &&
        is_secret_parameter(std::string_view(text).substr(at + 1, equals - at - 1))) {
      text.replace(equals + 1, end - equals - 1, "(secret)");
      end = equals + 1 + 8;
    }
    at = end;
  }
}

}  // namespace

std::string redact(std::string_view text) {
  std::string clean(text);
  for (const std::string& secret : state().secrets) {
    for (std::size_t at = clean.find(secret); at != std::string::npos;
         at = clean.find(secret, at)) {
      clean.replace(at, secret.size(), "(secret)");
      at += 8;
    }
  }
  // scheme://user:password@host, and a token alone before a web host
  for (std::size_t at = clean.find("://"); at != std::string::npos;
       at = clean.find("://", at + 3)) {
    const std::size_t start = at + 3;
    redact_query(clean, start);
    const std::size_t end = clean.find_first_of("/ \t\n\"'?#", start);
    const std::string_view authority =
        std::string_view(clean).substr(start, end == std::string::npos ? end : end - start);
    const std::size_t host = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    if (host == std::string_view::npos) continue;
    const std::string_view before = std::string_view(clean).substr(0, at);
    if (colon < host) {
      clean.replace(start + colon + 1, host - colon - 1, "(secret)");
    } else if (before.ends_with("http") || before.ends_with("https")) {
      clean.replace(start, host, "(secret)");
    }
  }
  return clean;
}

void capture(std::string* capture) {
  close_line();
  state().capture = capture;
}

}  // namespace halcyon::log
