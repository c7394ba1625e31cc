#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/stopwatch.h"
#include "layers/keeper.h"

namespace halcyon {

/// Where the time of a run went: the means, size and time of each layer that was made real, what
/// everything else took, and what the run would have taken had nothing changed.
class Summary {
 public:
  /// What a Keeper tells. A layer that is made real inside another one counts with that one.
  void layer(const LayerEvent& event);
  /// An app was installed: about what it takes to restore it from the cache, too.
  void installed(std::chrono::milliseconds took) { installed_ += took; }
  /// The lines for the log, name and value each; none when no layer was made real. `total`: the
  /// time of the run.
  std::vector<std::pair<std::string, std::string>> lines(std::chrono::milliseconds total) const;
  /// Prints them, as a step.
  void tell() const;

 private:
  std::vector<LayerEvent> layers_;
  std::vector<std::string> open_;  ///< begun and not ended, the outermost first
  std::chrono::milliseconds installed_{0};
  Stopwatch watch_;
};

}  // namespace halcyon
