#include "base/stream.h"

#include <array>
#include <catch2/catch.hpp>

#include "base/error_id.h"

using namespace halcyon;

namespace {

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::size_t entries_in(const fs::path& dir) { return walk(dir).size(); }

}  // namespace

TEST_CASE("a file sink names its file only when it is whole", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "new" / "file";
  {
    FileSink sink(file, 0600);
    CHECK(sink.write(bytes_of("half")));
    CHECK_FALSE(fs::exists(file));
    CHECK(entries_in(file.parent_path()) == 1);
  }
  CHECK(entries_in(file.parent_path()) == 0);
  FileSink sink(file, 0600);
  sink.write(bytes_of("whole"));
  sink.commit();
  CHECK(read_file(file) == "whole");
  CHECK((fs::status(file).permissions() & fs::perms::mask) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(entries_in(file.parent_path()) == 1);
}

TEST_CASE("a file sink that cannot be made names the place", "[base]") {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "file", "");
  try {
    FileSink sink(dir.path() / "file" / "below");
    FAIL("made below a file");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find((dir.path() / "file").string()) != std::string::npos);
  }
}

TEST_CASE("small texts are bounded", "[base]") {
  StringSink sink(8);
  CHECK(sink.write(bytes_of("12345678")));
  CHECK(test::error_id([&] { sink.write(bytes_of("9")); }) == "stream::too-large");
  CHECK(sink.text == "12345678");
}

TEST_CASE("hashing streams see every byte", "[base]") {
  StringSource source("hello, world");
  HashingSource hashing(source);
  std::array<std::byte, 5> buffer{};
  CHECK(hashing.read(buffer) == 5);
  CHECK(hashing.finish() == sha256("hello, world"));
  CHECK(hashing.bytes() == 12);

  StringSink text;
  HashingSink sink(text);
  sink.write(bytes_of("hello, "));
  sink.write(bytes_of("world"));
  CHECK(sink.hex() == sha256("hello, world"));
  CHECK(sink.bytes() == 12);
  CHECK(text.text == "hello, world");
}
