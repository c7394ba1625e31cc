#include "layers/cabal.h"

#include <catch2/catch.hpp>

#include "base/text.h"

using namespace halcyon;

namespace {

constexpr const char* catalog_text =
    R"({"recommended": {"ghc": "9.0.2", "cabal": "3.4.1.0"}, "ghc": [], "cabal": [
        {"version": "3.4.1.0", "dists": [
          {"os": "linux-x64", "url": "http://x/cabal.tar.xz", "sha256":
           "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}]}]})";

/// Whether an index of `updated` will do now, the 10th at noon, for this index-state.
bool accepts(const std::string& updated, const std::string& state, bool any_age) {
  const Catalog catalog = Catalog::parse(catalog_text, "test");
  Workspace workspace;
  workspace.app_dir = "/app";
  workspace.os = "linux-test-1-x64";
  workspace.catalog = &catalog;
  workspace.now = [] { return *parse_timestamp("20240110120000"); };
  Keeper keeper;
  UpdatedCabalLayer layer(workspace, keeper, "3.4.1.0", {"r", "http://r/"}, any_age);
  layer.require(parse_index_state(state));
  Tag found;
  for (const std::string& line : lines(layer.tag().text())) {
    const std::string name = line.substr(0, line.find(": "));
    const std::string value = line.substr(name.size() + 2);
    found.add(name, name == "updated" ? updated : value);
  }
  return layer.accepts(found);
}

}  // namespace

TEST_CASE("which package index is good enough", "[layers]") {
  const std::string today = "20240110100000";
  const std::string last_week = "20240103100000";
  CHECK(accepts(today, "", false));
  CHECK_FALSE(accepts(last_week, "", false));
  CHECK(accepts(last_week, "", true));
  // Clocks differ, and were wrong at times.
  CHECK(accepts("20240110180000", "", false));
  CHECK_FALSE(accepts("20250110120000", "", false));
  // One that reaches an exact state is good for ever; one that does not, never.
  CHECK(accepts(last_week, "2024-01-01T00:00:00Z", false));
  CHECK_FALSE(accepts(last_week, "2024-01-09T00:00:00Z", false));
  CHECK_FALSE(accepts(last_week, "2024-01-09T00:00:00Z", true));
  CHECK_FALSE(accepts(today, "2024-01-10T11:00:00Z", false));
  // Where one repository has no state, the day counts.
  CHECK_FALSE(accepts(last_week, "a 2024-01-01T00:00:00Z, b HEAD", false));
  CHECK(accepts(last_week, "a 2024-01-01T00:00:00Z, b HEAD", true));
  // A state in the future: as if there were none.
  CHECK(accepts(today, "2025-01-01T00:00:00Z", false));
  CHECK_FALSE(accepts(last_week, "2025-01-01T00:00:00Z", false));
}
