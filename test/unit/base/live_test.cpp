#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "base/log.h"
#include "base/meter.h"
#include "base/text.h"

namespace halcyon {
namespace {

/// What the program below prints on a terminal with this environment.
std::string on_terminal(const char* term, const char* no_color) {
  winsize size{.ws_row = 24, .ws_col = 60, .ws_xpixel = 0, .ws_ypixel = 0};
  int master = -1;
  const pid_t child = forkpty(&master, nullptr, nullptr, &size);
  REQUIRE(child >= 0);
  if (child == 0) {
    setenv("TERM", term, 1);
    setenv("NO_COLOR", no_color, 1);
    execl("/proc/self/exe", "halcyon_tests", "two transfers on a terminal", "--use-colour", "no",
          nullptr);
    _exit(127);
  }
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = read(master, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(master);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  return text;
}

/// What is left on the screen: of all that moves the cursor we use "up" and "erase below" only.
std::vector<std::string> screen(const std::string& text) {
  std::vector<std::string> rows(1);
  std::size_t row = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\r') continue;
    if (text[at] == '\n') {
      if (++row == rows.size()) rows.emplace_back();
    } else if (text[at] == '\x1b') {
      const std::size_t end = text.find_first_of("ABCDHJKm", at);
      const std::string code = text.substr(at + 2, end - at - 2);
      if (text[end] == 'A') row -= parse_number(code).value_or(0);
      if (text[end] == 'J') {
        rows.resize(row + 1);
        rows[row].clear();
      }
      at = end;
    } else {
      rows[row] += text[at];
    }
  }
  return rows;
}

bool has(const std::vector<std::string>& rows, const std::string& line) {
  return std::find(rows.begin(), rows.end(), line) != rows.end();
}

}  // namespace

TEST_CASE("two transfers on a terminal", "[.]") {
  log::begin("Downloading");
  {
    Meter first("first.tar.xz", 10'000'000);
    Meter second("a-name-that-is-far-too-long-for-one-line-of-the-terminal.tar.xz");
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    std::thread([&first] { first.add(2'000'000); }).join();
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    second.add(1'000'000);
  }
  log::end("done, 10 MB");
  log::label("Storage:", "none");
}

TEST_CASE("transfers are live lines on a terminal, and gone when done", "[base]") {
  const std::string text = on_terminal("xterm", "");
  // Both at once, below the line that has begun, none wider than the terminal.
  const std::size_t first = text.find("       first.tar.xz  2.0 MB of 10 MB, ");
  REQUIRE(first != std::string::npos);
  const std::size_t second =
      text.find("\r\n       a-name-that-is-far-too-long-for-one-line-of-the-");
  REQUIRE(second != std::string::npos);
  CHECK(text.find("\r\n", second + 2) == second + 2 + 59);  // the terminal's last column stays free
  CHECK(text.rfind("       Downloading...\r\n", second) != std::string::npos);
  CHECK(text.find(" left\r\n") != std::string::npos);
  const std::vector<std::string> left = screen(text);
  CHECK(has(left, "       Downloading... done, 10 MB"));
  CHECK(has(left, "       Storage:                                  none"));
  for (const std::string& row : left) CHECK(row.find("MB of") == std::string::npos);
  CHECK(text.find("\x1b[1mnone") != std::string::npos);
}

TEST_CASE("a terminal without colors, and one that can do nothing", "[base]") {
  CHECK(on_terminal("xterm", "1").find("\x1b[1m") == std::string::npos);
  CHECK(on_terminal("xterm", "1").find("first.tar.xz") != std::string::npos);
  const std::string dumb = on_terminal("dumb", "");
  CHECK(dumb.find('\x1b') == std::string::npos);
  CHECK(dumb.find("       Downloading... done, 10 MB\r\n") != std::string::npos);
}

}  // namespace halcyon
