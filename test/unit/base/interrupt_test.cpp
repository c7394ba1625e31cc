#include "base/interrupt.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "base/files.h"
#include "base/stream.h"

using namespace halcyon;

TEST_CASE("a signal is noted, and raised where something takes long", "[base]") {
  const interrupt::Watch watch;
  CHECK_NOTHROW(interrupt::check());
  ::raise(SIGTERM);
  CHECK(interrupt::noted() == SIGTERM);
  CHECK_THROWS_AS(interrupt::check(), Interrupted);
  CHECK_THROWS_AS(interrupt::sleep(std::chrono::hours(1)), Interrupted);
  const TempDir dir(std::filesystem::temp_directory_path());
  write_file(dir.path() / "file", "text");
  CHECK_THROWS_AS(read_file(dir.path() / "file"), Interrupted);
  SECTION("but not while we tidy up") {
    const interrupt::Deferred tidying;
    CHECK_NOTHROW(interrupt::check());
    CHECK(read_file(dir.path() / "file") == "text");
  }
}

TEST_CASE("a signal ends a sleep", "[base]") {
  const interrupt::Watch watch;
  std::jthread other([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ::kill(::getpid(), SIGINT);
  });
  try {
    interrupt::sleep(std::chrono::hours(1));
    FAIL("it slept");
  } catch (const Interrupted& interrupted) {
    CHECK(interrupted.exit_status() == 128 + SIGINT);
    CHECK(interrupted.error().why() == "Asked to end: Interrupt");
  }
}

TEST_CASE("the second signal ends us at once, unless it is ignored", "[base]") {
  struct sigaction ignored {};
  struct sigaction before {};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGHUP, &ignored, &before);
  {
    const interrupt::Watch watch;
    ::raise(SIGHUP);  // as under nohup
    CHECK(interrupt::noted() == 0);
    ::raise(SIGTERM);
    struct sigaction now {};
    ::sigaction(SIGTERM, nullptr, &now);
    CHECK(now.sa_handler == SIG_DFL);
  }
  ::sigaction(SIGHUP, &before, nullptr);
  CHECK(interrupt::noted() == 0);
}
