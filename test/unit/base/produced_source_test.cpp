#include "base/produced_source.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <random>

#include "base/error.h"
#include "base/read_all.h"

using namespace halcyon;

namespace {

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("what is produced is read, in order and whole", "[base]") {
  std::mt19937 random(1);
  std::string text(100'000, ' ');
  for (char& c : text) c = static_cast<char>(random());
  for (const std::size_t capacity : {1UL, 7UL, 1000UL, 1UL << 20U}) {
    for (const std::size_t step : {1UL, 999UL, 100'000UL}) {
      ProducedSource source(
          [&](Sink& sink) {
            for (std::size_t at = 0; at < text.size(); at += step) {
              CHECK(sink.write(bytes_of(std::string_view(text).substr(at, step))));
            }
          },
          capacity);
      CHECK(test::read_all(source, 4096) == text);
    }
  }
}

TEST_CASE("what the producer raises comes after what it wrote", "[base]") {
  ProducedSource source([](Sink& sink) {
    sink.write(bytes_of("abc"));
    throw Error("test::failed", "It failed");
  });
  std::vector<std::byte> buffer(10);
  CHECK(source.read(buffer) == 3);
  CHECK_THROWS_AS(source.read(buffer), Error);
  CHECK(source.read(buffer) == 0);
}

TEST_CASE("a producer whose bytes nobody wants ends", "[base]") {
  std::atomic<bool> told = false;
  {
    ProducedSource source(
        [&](Sink& sink) {
          while (sink.write(bytes_of("on and on"))) continue;
          told = true;
        },
        100);
    std::vector<std::byte> buffer(10);
    CHECK(source.read(buffer) > 0);
  }
  CHECK(told);
}
