#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "base/error.h"
#include "base/stopwatch.h"
#include "layers/keeper.h"

namespace halcyon {

/// The facts of a build for `bin/report`: flat YAML, a `name: value` a line, strings in double
/// quotes. The file is written anew with every fact, so that a build that is killed leaves a report
/// too: its result is "unfinished". Secrets are redacted, long values cut. A report that cannot be
/// written is none: no build fails over it.
class BuildReport {
 public:
  /// Begins a report in the place of the last build's.
  explicit BuildReport(std::filesystem::path file);

  void text(const std::string& name, const std::string& value);
  void number(const std::string& name, std::uint64_t value);
  void seconds(const std::string& name, std::chrono::milliseconds value);
  /// What is being done from now on: `step`.
  void step(const std::string& name) { text("step", name); }
  /// What a Keeper tells: the layer's step, then its means and its time.
  void layer(const LayerEvent& event);

  /// Ends the report: "deployed", "incomplete".
  void finish(const std::string& result);
  /// Ends the report of a build that fails, in the step it is in.
  void fail(const Error& error);

 private:
  void write() const noexcept;

  std::filesystem::path file_;
  std::map<std::string, std::string> facts_;  ///< values as they are written
  Stopwatch watch_;
};

/// Where the report of the builds that share a CACHE_DIR is.
std::filesystem::path report_file(const std::filesystem::path& cache_dir);

}  // namespace halcyon
