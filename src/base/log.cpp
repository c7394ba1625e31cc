#include "base/log.h"

#include <unistd.h>

#include <cstdio>
#include <vector>

#include "base/text.h"

namespace halcyon::log {
namespace {

constexpr std::string_view margin = "       ";
constexpr std::string_view warning_margin = " !     ";
constexpr std::size_t longest_line = 9000;  // Heroku splits lines at 10000 bytes
constexpr std::size_t label_width = 41;

struct State {
  std::vector<std::string> secrets;
  std::string* capture = nullptr;
  bool line_open = false;
  bool terminal = ::isatty(STDERR_FILENO) == 1;
};

State& state() {
  static State instance;
  return instance;
}

void put(std::string_view text) {
  if (state().capture != nullptr) {
    state().capture->append(text);
  } else {
    std::fwrite(text.data(), 1, text.size(), stderr);
  }
}

void close_line() {
  if (state().line_open) put("\n");
  state().line_open = false;
}

std::string colored(std::string_view text, std::string_view code) {
  if (!state().terminal || state().capture != nullptr) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

/// What a terminal would obey is made visible; tabs stay.
std::string harmless(std::string_view text) {
  std::string clean;
  for (const char c : text.substr(0, longest_line)) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    clean += control && c != '\t' ? '?' : c;
  }
  if (text.size() > longest_line) clean += "…";
  return clean;
}

void print_lines(std::string_view text, std::string_view before, std::string_view color) {
  close_line();
  for (const std::string& line : lines(redact(text))) {
    std::string whole = std::string(before) + harmless(line);
    while (whole.ends_with(' ')) whole.pop_back();
    put((color.empty() ? whole : colored(whole, color)) + "\n");
  }
}

}  // namespace

void step(std::string_view text) { print_lines(text, "-----> ", ""); }

void detail(std::string_view text) { print_lines(text, margin, ""); }

void begin(std::string_view text) {
  close_line();
  put(std::string(margin) + harmless(redact(text)) + "...");
  state().line_open = true;
}

void end(std::string_view result) {
  if (state().line_open) {
    state().line_open = false;
    put(" " + harmless(redact(result)) + "\n");
  } else {
    detail(result);
  }
}

void label(std::string_view name, std::string_view value) {
  close_line();
  std::string column(name);
  if (column.size() < label_width) column.resize(label_width, ' ');
  put(std::string(margin) + column + " " + colored(harmless(redact(value)), "1") + "\n");
}

void quote(std::string_view line) { print_lines(line.empty() ? " " : line, margin, ""); }

void warning(std::string_view text) {
  blank();
  print_lines(text, warning_margin, "1;33");
  blank();
}

void error(const Error& error) {
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
  close_line();
  put("\n");
}

void add_secret(std::string value) {
  constexpr std::size_t shortest = 4;
  if (value.size() >= shortest) state().secrets.push_back(std::move(value));
}

std::string redact(std::string_view text) {
  std::string clean(text);
  for (const std::string& secret : state().secrets) {
    for (std::size_t at = clean.find(secret); at != std::string::npos; at = clean.find(secret, at)) {
      clean.replace(at, secret.size(), "(secret)");
      at += 8;
    }
  }
  // scheme://user:password@host
  for (std::size_t at = clean.find("://"); at != std::string::npos; at = clean.find("://", at + 3)) {
    const std::size_t start = at + 3;
    const std::size_t end = clean.find_first_of("/ \t\n\"'?#", start);
    const std::string_view authority =
        std::string_view(clean).substr(start, end == std::string::npos ? end : end - start);
    const std::size_t host = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    if (host == std::string_view::npos || colon == std::string_view::npos || colon > host) continue;
    clean.replace(start + colon + 1, host - colon - 1, "(secret)");
  }
  return clean;
}

void capture(std::string* capture) {
  close_line();
  state().capture = capture;
}

}  // namespace halcyon::log
