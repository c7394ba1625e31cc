#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace halcyon {

/// What cabal decided to build: dist-newstyle/cache/plan.json (cabal user guide, "cabal build").
class BuildPlan {
 public:
  /// Raises Error "build-plan::malformed".
  static BuildPlan read(const std::filesystem::path& file);
  /// The programs of local packages, where cabal has built them, in the plan's order.
  const std::vector<std::filesystem::path>& local_executables() const { return executables_; }
  /// The names of the test suites of local packages that the plan includes.
  const std::vector<std::string>& local_tests() const { return tests_; }
  /// The units of the store that these programs are linked with, sorted: build tools, setup scripts
  /// and what only they need are not among them.
  const std::vector<std::string>& linked_units() const { return linked_; }

 private:
  std::vector<std::filesystem::path> executables_;
  std::vector<std::string> tests_;
  std::vector<std::string> linked_;
};

}  // namespace halcyon
