#include "layers/summary.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace halcyon {

void Summary::layer(const LayerEvent& event) {
  // What failed and is tried again, by another means, begins anew without an end.
  const auto same = std::find(open_.begin(), open_.end(), event.title);
  open_.erase(same, open_.end());
  if (!event.took) {
    open_.push_back(event.title);
  } else if (open_.empty()) {
    layers_.push_back(event);
  }
}

std::vector<std::pair<std::string, std::string>> Summary::lines(
    std::chrono::milliseconds total) const {
  std::vector<std::pair<std::string, std::string>> lines;
  std::chrono::milliseconds rest = total;
  std::chrono::milliseconds unchanged = total;
  bool is_warm = true;
  bool builds_app = false;
  for (const LayerEvent& event : layers_) {
    const bool builds = event.means == Means::built || event.means == Means::extended;
    const std::string size =
        event.source_bytes == 0 ? "" : " (" + format_size(event.source_bytes) + ")";
    lines.emplace_back(event.title, std::string(to_string(event.means)) + size + ", " +
                                        format_duration(*event.took));
    rest -= *event.took;
    const bool is_app = event.layer == "app";
    if (is_app && builds) builds_app = true;
    if (!is_app || builds) unchanged -= *event.took;
    if (!is_app || builds) is_warm = false;
  }
  if (lines.empty()) return lines;
  lines.emplace_back("Everything else", format_duration(std::max(rest, {})));
  if (builds_app) unchanged += installed_;
  if (!is_warm) {
    lines.emplace_back("Had nothing changed", "about " + format_duration(std::max(unchanged, {})));
  }
  return lines;
}

void Summary::tell() const {
  const std::chrono::milliseconds total = watch_.elapsed();
  const auto table = lines(total);
  if (table.empty()) return;
  log::step("Where the time went: " + format_duration(total));
  for (const auto& [name, value] : table) log::label(name + ":", value);
}

}  // namespace halcyon
