#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace halcyon {

/// The complete environment of a child: nothing else is inherited.
using Environment = std::map<std::string, std::string>;

/// What happens to a child's standard output and error.
enum class Output {
  quote,    ///< shown line by line through log::quote, and kept in the log file
  file,     ///< only kept in the log file
  capture,  ///< standard output is returned; standard error is kept in the log file and returned
  inherit,  ///< left alone (interactive or final programs)
};

/// A child to run. `argv[0]` is searched on the PATH of `env` (not ours) unless it has a slash.
struct Command {
  std::vector<std::string> argv;
  Environment env;
  std::filesystem::path dir;       ///< working directory; ours when empty
  std::filesystem::path log_file;  ///< all output is appended here; none when empty
  Output output = Output::quote;
  std::string input;  ///< fed to standard input; /dev/null when empty
};

/// How a child ended.
struct Outcome {
  int status = 0;   ///< exit status, when `signal` is 0
  int signal = 0;   ///< the signal that ended it
  std::string out;  ///< standard output (Output::capture)
  /// The last 64 KiB of what was printed: on standard error only (Output::capture), on both (quote
  /// and file).
  std::string errors;

  bool ok() const { return status == 0 && signal == 0; }
  /// "exit status 1" or "signal 9 (Killed)".
  std::string describe() const;
};

/// Runs a child and waits, in a process group of its own (but Output::inherit: it shares our
/// terminal). A signal that asks us to end (base/interrupt.h) ends the whole group, at the latest
/// after 10 s, and raises Interrupted. A child that cannot be started raises Error
/// "process::not-found"; one that fails is an Outcome, not an Error. Call it from one thread only.
Outcome run(const Command& command);

/// Finds a program on the given PATH; empty when there is none.
std::filesystem::path find_program(const std::string& name, const std::string& path);

}  // namespace halcyon
