#include "base/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/error_id.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/text.h"

using namespace halcyon;

namespace {

const Environment plain{{"PATH", "/usr/bin:/bin"}};

Command shell(const std::string& script, Output output = Output::capture) {
  Command command;
  command.argv = {"sh", "-c", script};
  command.env = plain;
  command.output = output;
  return command;
}

/// What the log says while `action` runs.
template <typename Action>
std::string logged(Action action) {
  std::string text;
  log::capture(&text);
  action();
  log::capture(nullptr);
  return text;
}

bool is_alive(const std::string& pid) {
  const auto status = read_file_if_any("/proc/" + pid + "/stat");
  return status && status->find(") Z") == std::string::npos;
}

}  // namespace

TEST_CASE("a child's end is told", "[base]") {
  CHECK(run(shell("exit 0")).ok());
  const Outcome failed = run(shell("exit 3"));
  CHECK_FALSE(failed.ok());
  CHECK(failed.describe() == "exit status 3");
  const Outcome killed = run(shell("kill -9 $$"));
  CHECK_FALSE(killed.ok());
  CHECK(killed.describe() == "signal 9 (Killed)");
}

TEST_CASE("a child gets its arguments, its environment and its directory, nothing else", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  Command command;
  command.argv = {"/usr/bin/env"};
  command.env = {{"A", "one\ntwo = $x"}, {"B", ""}};
  command.output = Output::capture;
  CHECK(run(command).out == "A=one\ntwo = $x\nB=\n");

  command = shell("pwd -P; printf '<%s>' \"$@\"");
  command.argv.insert(command.argv.end(), {"sh", "a b", "", "*"});
  command.dir = dir.path();
  CHECK(run(command).out == fs::canonical(dir.path()).string() + "\n<a b><><*>");

  // No descriptor of ours but the three; ls itself opens one.
  const UniqueFd ours(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(lines(run(shell("ls /proc/self/fd")).out).size() == 4);
}

TEST_CASE("a child starts with the usual signals", "[base]") {
  struct sigaction before {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  // Masks as /proc prints them: nothing blocked, and SIGPIPE (bit 12) not ignored.
  const std::string text = run(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status")).out;
  ::sigaction(SIGPIPE, &before, nullptr);
  CHECK(text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("input is fed, and /dev/null when there is none", "[base]") {
  Command command = shell("cat");
  CHECK(run(command).out.empty());
  command.input.assign(300'000, 'x');  // more than a pipe holds
  CHECK(run(command).out == command.input);
  // Nobody reads it: neither end hangs or dies.
  command = shell("exit 0");
  command.input.assign(300'000, 'x');
  CHECK(run(command).ok());
}

TEST_CASE("captured output is complete, errors are kept apart", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  Command command = shell("echo out; echo err >&2");
  command.log_file = dir.path() / "logs" / "log";
  const std::string text = logged([&] {
    const Outcome outcome = run(command);
    CHECK(outcome.out == "out\n");
    CHECK(outcome.errors == "err\n");
  });
  CHECK(text.empty());
  CHECK(read_file(command.log_file) == "err\n");
  CHECK(run(shell("head -c 1000000 /dev/zero")).out.size() == 1'000'000);
  CHECK(run(shell("head -c 1000000 /dev/zero >&2")).errors.size() == 64U << 10U);
}

TEST_CASE("quoted output arrives line by line, and in the log file", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  Command command =
      shell("printf 'one\\r\\n\\ntwo'; sleep 0.1; printf ' more\\n'; printf end", Output::quote);
  command.log_file = dir.path() / "log";
  const std::string text = logged([&] { CHECK(run(command).errors.ends_with("two more\nend")); });
  CHECK(text == "       one\n\n       two more\n       end\n");
  run(shell("echo again", Output::file));
  command = shell("echo again", Output::file);
  command.log_file = dir.path() / "log";
  CHECK(logged([&] { CHECK(run(command).errors == "again\n"); }).empty());
  CHECK(read_file(command.log_file) == "one\r\n\ntwo more\nendagain\n");
}

TEST_CASE("a child that cannot start is an error", "[base]") {
  Command command = shell("");
  command.argv = {"no-such-program"};
  CHECK(test::error_id([&] { run(command); }) == "process::not-found");
  command.argv = {"/no/such/program"};
  CHECK(test::error_id([&] { run(command); }) == "process::not-found");
  command = shell("true");
  command.env = {};  // our own PATH does not count
  CHECK(test::error_id([&] { run(command); }) == "process::not-found");
  command = shell("true");
  command.dir = "/no/such/directory";
  try {
    run(command);
    FAIL("ran in no directory");
  } catch (const Error& error) {
    CHECK(error.why().find("/no/such/directory") != std::string::npos);
  }
  // A log file that cannot be written stops it before it starts.
  const TempDir dir(fs::temp_directory_path());
  command = shell("touch " + (dir.path() / "started").string());
  command.log_file = dir.path();
  CHECK_FALSE(test::error_id([&] { run(command); }).empty());
  CHECK_FALSE(fs::exists(dir.path() / "started"));
}

TEST_CASE("programs are found on the PATH that is given", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "a" / "tool", "#!/bin/sh\necho a\n", 0644);
  write_file(dir.path() / "b" / "tool", "#!/bin/sh\necho b\n", 0755);
  fs::create_directories(dir.path() / "c" / "tool");
  const std::string path = (dir.path() / "c").string() + "::" + (dir.path() / "a").string() + ":" +
                           (dir.path() / "b").string();
  CHECK(find_program("tool", path) == dir.path() / "b" / "tool");
  CHECK(find_program("tool", "").empty());
  CHECK(find_program("tool", (dir.path() / "a").string()).empty());
  CHECK(find_program("/bin/sh", "") == "/bin/sh");

  Command command = shell("");
  command.argv = {"tool"};
  command.env["PATH"] = path;
  CHECK(run(command).out == "b\n");
  command.argv = {"./tool"};  // relative to the child's directory
  command.dir = dir.path() / "b";
  CHECK(run(command).out == "b\n");
}

TEST_CASE("a signal that reaches us ends the child and its children", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const std::string pid_file = (dir.path() / "pid").string();
  const auto start = std::chrono::steady_clock::now();
  // Its parent is this program.
  const Command command = shell("sleep 30 & echo $! > " + pid_file + "; kill -TERM $PPID; wait");
  {
    const interrupt::Watch watch;
    CHECK_THROWS_AS(run(command), Interrupted);
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  const std::string pid(trim(read_file(pid_file)));
  for (int i = 0; i < 50 && is_alive(pid); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK_FALSE(is_alive(pid));
}

TEST_CASE("a daemon left behind does not hold us", "[base]") {
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = run(shell("sleep 20 & echo $!"));
  CHECK(outcome.ok());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  ::kill(std::stoi(outcome.out), SIGKILL);
}

TEST_CASE("an inherited terminal stays the child's: no group of its own", "[base]") {
  CHECK(run(shell("test $(ps -o pgid= -p $$) = " + std::to_string(::getpgrp()), Output::inherit))
            .ok());
  CHECK_FALSE(
      run(shell("test $(ps -o pgid= -p $$) = " + std::to_string(::getpgrp()), Output::quote)).ok());
}
