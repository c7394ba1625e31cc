#include "layers/summary.h"

#include <catch2/catch.hpp>

namespace halcyon {
namespace {

using std::chrono::seconds;
using Lines = std::vector<std::pair<std::string, std::string>>;

void add(Summary& summary, const std::string& name, Means means, seconds took,
         std::uint64_t bytes = 0) {
  summary.layer({name, means, {}, name, bytes});
  summary.layer({name, means, took, name, bytes});
}

TEST_CASE("the summary tells what came from where and what a warm push would take", "[layers]") {
  Summary summary;
  CHECK(summary.lines(seconds(5)).empty());
  add(summary, "ghc", Means::stored, seconds(10), 85'000'000);
  add(summary, "sandbox", Means::extended, seconds(100), 1'000'000);
  add(summary, "app", Means::built, seconds(20));
  summary.installed(seconds(1));
  CHECK(summary.lines(seconds(135)) == Lines{{"ghc", "restored from storage (85 MB), 10 s"},
                                             {"sandbox", "extended (1.0 MB), 1 min 40 s"},
                                             {"app", "built, 20 s"},
                                             {"Everything else", "5.0 s"},
                                             {"Had nothing changed", "about 6.0 s"}});
}

TEST_CASE("a push that changed nothing is not compared with itself", "[layers]") {
  Summary summary;
  add(summary, "app", Means::cached, seconds(1), 5'000'000);
  CHECK(summary.lines(seconds(2)) ==
        Lines{{"app", "restored from the cache (5.0 MB), 1.0 s"}, {"Everything else", "1.0 s"}});
}

TEST_CASE("layers inside others, and attempts that failed, count once", "[layers]") {
  Summary summary;
  summary.layer({"cabal", Means::stored, {}, "Cabal", 0});  // damaged: begun anew
  summary.layer({"cabal", Means::built, {}, "Cabal", 0});
  add(summary, "plain", Means::built, seconds(3));
  summary.layer({"cabal", Means::built, seconds(4), "Cabal", 0});
  CHECK(summary.lines(seconds(6)) == Lines{{"Cabal", "built, 4.0 s"},
                                           {"Everything else", "2.0 s"},
                                           {"Had nothing changed", "about 2.0 s"}});
}

}  // namespace
}  // namespace halcyon
