#pragma once

#include <string>
#include <string_view>

namespace halcyon {

/// `index-state` of cabal.project or a freeze file (cabal user guide): the time of the package
/// index that versions are chosen from.
struct IndexState {
  std::string latest;  ///< the latest time named, "YYYYMMDDHHMMSS" in UTC; empty when there is none
  bool exact = false;  ///< every repository has a time: an index that reaches `latest` will do
};

/// Reads the field's value: times (ISO 8601 or @seconds) and HEAD, each after a repository's name
/// or alone. What cannot be read counts as HEAD: cabal complains of it.
IndexState parse_index_state(std::string_view value);

}  // namespace halcyon
