#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/text.h"

namespace halcyon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kept_errors = 64U << 10U;
// Heroku closes the terminal of a one-off dyno that is silent for long.
constexpr std::chrono::seconds heartbeat{60};
constexpr std::chrono::seconds grace{10};
constexpr std::size_t longest_line = 16U << 10U;  // kept of a line; the log cuts it again

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("Cannot make a pipe", errno);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
};

/// While it lives, the end of a child arrives at a descriptor, and a child that does not read its
/// input does not end us.
class SignalGuard {
 public:
  SignalGuard() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    fd_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd_) throw system_error("Cannot watch for signals", errno);
    struct sigaction action {};
    action.sa_handler = SIG_DFL;  // ignored by whoever started us, it would lose exit statuses
    ::sigaction(SIGCHLD, &action, &child_before_);
    action.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &action, &pipe_before_);
    ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
  }
  ~SignalGuard() {
    ::sigaction(SIGCHLD, &child_before_, nullptr);
    ::sigaction(SIGPIPE, &pipe_before_, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  int fd() const { return fd_.get(); }
  const sigset_t& before() const { return before_; }
  /// Takes what has arrived, so that the descriptor is quiet again.
  void take() const {
    signalfd_siginfo info{};
    while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) continue;
  }

 private:
  UniqueFd fd_;
  sigset_t before_{};
  struct sigaction child_before_ {};
  struct sigaction pipe_before_ {};
};

/// Why a child did not start, as it tells us through a pipe.
struct StartFailure {
  enum class Step { place, enter, execute } step;
  int reason;
};

/// What the child does between fork and exec: only calls that are safe there.
struct Child {
  std::vector<char*> argv;
  std::vector<char*> envp;
  const char* program;
  const char* dir;
  int input;
  int output;
  int errors;
  int failure;
  const sigset_t* signals;
  pid_t parent;
  bool own_group;

  [[noreturn]] void start() const {
    if (own_group) ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // it ended before it could tell us
    ::signal(SIGPIPE, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, signals, nullptr);
    if ((input >= 0 && ::dup2(input, STDIN_FILENO) < 0) ||
        (output >= 0 && ::dup2(output, STDOUT_FILENO) < 0) ||
        (errors >= 0 && ::dup2(errors, STDERR_FILENO) < 0)) {
      give_up(StartFailure::Step::place);
    }
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);  // what a library left open
    if (*dir != '\0' && ::chdir(dir) != 0) give_up(StartFailure::Step::enter);
    ::execve(program, argv.data(), envp.data());
    give_up(StartFailure::Step::execute);
  }

 private:
  [[noreturn]] void give_up(StartFailure::Step step) const {
    const StartFailure told{step, errno};
    [[maybe_unused]] const ssize_t count = ::write(failure, &told, sizeof told);
    ::_exit(127);
  }
};

/// A started child; it does not outlive us, whatever is thrown.
class Running {
 public:
  Running(pid_t pid, bool own_group) : pid_(pid), own_group_(own_group) {}
  ~Running() {
    if (ended_) return;
    kill(SIGKILL);
    ::waitpid(pid_, &status_, 0);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void kill(int signal) const { ::kill(own_group_ ? -pid_ : pid_, signal); }
  /// Whether it has ended; does not wait.
  bool ended() {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }
  void wait() {
    ::waitpid(pid_, &status_, 0);
    ended_ = true;
  }
  int status() const { return status_; }

 private:
  pid_t pid_;
  bool own_group_;
  bool ended_ = false;
  int status_ = 0;
};

/// What a child prints: to the log file, line by line to the log, or into a string.
class Collector {
 public:
  Collector(const Command& command, Outcome& outcome) : command_(command), outcome_(outcome) {
    if (command.log_file.empty()) return;
    if (command.log_file.has_parent_path()) make_directories(command.log_file.parent_path());
    file_.reset(::open(command.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file_) throw system_error("Cannot write " + command.log_file.string(), errno);
  }

  void take(std::string_view bytes, bool is_error) {
    last_output = Clock::now();
    if (command_.output == Output::capture && !is_error) {
      outcome_.out += bytes;
      return;
    }
    keep(bytes);
    outcome_.errors += bytes;
    if (outcome_.errors.size() > 2 * kept_errors) {
      outcome_.errors.erase(0, outcome_.errors.size() - kept_errors);
    }
    if (command_.output == Output::quote) quote(is_error ? error_line_ : line_, bytes);
  }

  void finish() {
    for (std::string* rest : {&line_, &error_line_}) {
      if (!rest->empty()) log::quote(*rest);
    }
    if (outcome_.errors.size() > kept_errors) {
      outcome_.errors.erase(0, outcome_.errors.size() - kept_errors);
    }
  }

  Clock::time_point last_output = Clock::now();

 private:
  void keep(std::string_view bytes) {
    while (file_ && !bytes.empty()) {
      const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_error("Cannot write " + command_.log_file.string(), errno);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  static void quote(std::string& line, std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n') {
        if (line.ends_with('\r')) line.pop_back();
        log::quote(line);
        line.clear();
      } else if (line.size() < longest_line) {
        line += c;
      }
    }
  }

  const Command& command_;
  Outcome& outcome_;
  UniqueFd file_;
  std::string line_;
  std::string error_line_;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// One end of the conversation with a child, until it closes.
void drain(UniqueFd& fd, Collector& collector, bool is_error) {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
  if (count > 0) {
    collector.take({buffer.data(), static_cast<std::size_t>(count)}, is_error);
  } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
    fd.reset();
  }
}

void feed(UniqueFd& fd, std::string_view& input) {
  const ssize_t count = ::write(fd.get(), input.data(), input.size());
  if (count > 0) input.remove_prefix(static_cast<std::size_t>(count));
  if (input.empty() || (count < 0 && errno != EINTR && errno != EAGAIN)) fd.reset();
}

/// Says that a silent child is still at work.
class Heartbeat {
 public:
  void beat(Clock::time_point last_output) {
    const Clock::time_point now = Clock::now();
    if (now - std::max(last_output, last_) <= heartbeat) return;
    last_ = now;
    log::detail(
        "Still working (" +
        format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(now - start_)) + ")");
  }

 private:
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

Error start_error(const Command& command, const StartFailure& failure) {
  const std::string& name = command.argv.front();
  const std::string reason = std::generic_category().message(failure.reason);
  if (failure.step == StartFailure::Step::enter) {
    return Error("process::not-found", "Cannot run " + name)
        .why("The directory " + command.dir.string() + " cannot be entered: " + reason);
  }
  return Error("process::not-found", "Cannot run " + name).why(reason);
}

Outcome outcome_of(int status) {
  Outcome outcome;
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
  return outcome;
}

}  // namespace

std::string Outcome::describe() const {
  if (signal == 0) return "exit status " + std::to_string(status);
  return "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
}

fs::path find_program(const std::string& name, const std::string& path) {
  const auto runs = [](const fs::path& file) {
    return fs::is_regular_file(fs::status(file)) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return runs(name) ? fs::path(name) : fs::path();
  for (const std::string& dir : split(path, ':')) {
    if (!dir.empty() && runs(fs::path(dir) / name)) return fs::path(dir) / name;
  }
  return {};
}

Outcome run(const Command& command) {
  const std::string& name = command.argv.at(0);
  const auto path = command.env.find("PATH");
  // A name with a slash is relative to the child's directory.
  const fs::path program = name.find('/') != std::string::npos
                               ? fs::path(name)
                               : find_program(name, path == command.env.end() ? "" : path->second);
  if (program.empty()) {
    throw Error("process::not-found", "Cannot run " + name)
        .why("There is no such program on PATH")
        .fix("Install " + name);
  }

  Outcome collected;
  Collector collector(command, collected);
  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> variables;
  for (const auto& [variable, value] : command.env) variables.push_back(variable + "=" + value);
  const std::string dir = command.dir.string();
  const bool inherit = command.output == Output::inherit;
  const SignalGuard signals;
  Pipe input;
  Pipe output;
  Pipe errors;
  Pipe failure;
  UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Child child{pointers(arguments),
                    pointers(variables),
                    program.c_str(),
                    dir.c_str(),
                    command.input.empty() ? (inherit ? -1 : nothing.get()) : input.reader.get(),
                    inherit ? -1 : output.writer.get(),
                    inherit ? -1 : errors.writer.get(),
                    failure.writer.get(),
                    &signals.before(),
                    ::getpid(),
                    !inherit};
  const pid_t pid = ::fork();
  if (pid < 0) throw system_error("Cannot start " + name, errno);
  if (pid == 0) child.start();
  if (!inherit) ::setpgid(pid, pid);
  Running running(pid, !inherit);
  for (Pipe* pipe : {&output, &errors, &failure}) pipe->writer.reset();
  input.reader.reset();
  if (command.input.empty()) input.writer.reset();
  if (input.writer) ::fcntl(input.writer.get(), F_SETFL, O_NONBLOCK);

  StartFailure told{};
  if (::read(failure.reader.get(), &told, sizeof told) == static_cast<ssize_t>(sizeof told)) {
    running.wait();
    throw start_error(command, told);
  }

  std::string_view to_write = command.input;
  Heartbeat pulse;
  Clock::time_point deadline = Clock::time_point::max();
  int ended_by = 0;
  for (;;) {
    // Asked before the pipes are: what it printed last is there by then.
    const bool ended = running.ended();
    if (ended && !output.reader && !errors.reader) break;
    std::array<pollfd, 4> fds{{{signals.fd(), POLLIN, 0},
                               {output.reader.get(), POLLIN, 0},
                               {errors.reader.get(), POLLIN, 0},
                               {input.writer.get(), POLLOUT, 0}}};
    ::poll(fds.data(), fds.size(), ended ? 100 : 1000);
    if (fds[1].revents != 0) drain(output.reader, collector, false);
    if (fds[2].revents != 0) drain(errors.reader, collector, true);
    if (fds[3].revents != 0) feed(input.writer, to_write);
    signals.take();
    if (interrupt::noted() != 0 && ended_by == 0) {
      ended_by = interrupt::noted();
      deadline = Clock::now() + grace;
      running.kill(SIGTERM);
    }
    if (Clock::now() > deadline) running.kill(SIGKILL);
    // A grandchild that outlives the child and holds the pipes is not waited for.
    if (ended && fds[1].revents == 0 && fds[2].revents == 0) break;
    const bool shown = command.output == Output::quote || command.output == Output::file;
    if (shown) pulse.beat(collector.last_output);
  }
  collector.finish();
  if (ended_by != 0) {
    if (!inherit) running.kill(SIGKILL);  // what the child left behind
    throw Interrupted(ended_by);
  }
  Outcome outcome = outcome_of(running.status());
  outcome.out = std::move(collected.out);
  outcome.errors = std::move(collected.errors);
  return outcome;
}

}  // namespace halcyon
