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

 private:
  std::vector<std::filesystem::path> executables_;
};

}  // namespace halcyon
