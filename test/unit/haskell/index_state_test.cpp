#include "haskell/index_state.h"

#include <catch2/catch.hpp>

using namespace halcyon;

TEST_CASE("index states", "[haskell]") {
  struct Case {
    const char* value;
    const char* latest;
    bool exact;
  };
  for (const Case& c : {
           Case{"2024-01-31T12:34:56Z", "20240131123456", true},
           Case{"@1700000000", "20231114221320", true},
           Case{"hackage.haskell.org 2024-01-31T12:34:56Z", "20240131123456", true},
           Case{"hackage.haskell.org 2024-01-31T12:34:56Z,\nmine 2024-02-01T00:00:00Z",
                "20240201000000", true},
           Case{"hackage.haskell.org 2024-01-31T12:34:56Z, head.hackage HEAD", "20240131123456",
                false},
           Case{"HEAD", "", false},
           Case{"", "", false},
           Case{"2024-13-31T12:34:56Z", "", false},
           Case{"2024-01-31", "", false},
           Case{"2024-01-31T12:34:5xZ", "", false},
           Case{"@99999999999999", "", false},
       }) {
    INFO(c.value);
    const IndexState state = parse_index_state(c.value);
    CHECK(state.latest == c.latest);
    CHECK(state.exact == c.exact);
  }
}
