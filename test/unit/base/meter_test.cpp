#include "base/meter.h"

#include <catch2/catch.hpp>

#include "base/log.h"

namespace halcyon {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a meter tells bytes, rate and time left", "[base]") {
  const auto start = Meter::Clock::now();
  Meter meter("x.tar.xz");
  CHECK(meter.line(start + milliseconds(2000)).empty());
  meter.add(20'000'000);
  CHECK(meter.line(start + milliseconds(100)).empty());  // nobody would have time to read it
  const auto later = start + milliseconds(2003);
  CHECK(meter.line(later).starts_with("x.tar.xz  20 MB, 10 MB/s"));
  meter.expect(80'000'000);
  meter.expect(1);  // the first one counts
  CHECK_THAT(meter.line(later),
             Catch::Contains("x.tar.xz  20 MB of 80 MB, ") && Catch::Contains("MB/s, 6.0 s left"));
  meter.add(-20'000'000);
  CHECK(meter.line(later).empty());
  meter.add(90'000'000);  // some of it was sent twice
  CHECK_THAT(meter.line(later), Catch::Contains("80 MB of 80 MB") && !Catch::Contains("left"));
}

TEST_CASE("where lines cannot change a meter shows nothing", "[base]") {
  std::string text;
  log::capture(&text);
  {
    Meter meter("x.tar.xz", 10);
    meter.add(5);
    log::live({"one"});
  }
  log::capture(nullptr);
  CHECK(text.empty());
}

}  // namespace
}  // namespace halcyon
