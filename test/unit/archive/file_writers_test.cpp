#include "archive/file_writers.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <map>

#include "archive/archive.h"
#include "archive/tar_builder.h"
#include "base/error_id.h"

using namespace halcyon;

namespace {

/// Longer than what the writers get at once.
std::string long_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 23 + i / 100'000 % 3);
  return text;
}

class Place {
 public:
  NewFile file(const std::string& name, mode_t mode = 0644) const {
    return {fd_, name, mode, {1'000'000'000, 5}, dir_.path() / name};
  }
  fs::path path(const std::string& name = {}) const { return dir_.path() / name; }

 private:
  TempDir dir_{fs::temp_directory_path()};
  std::shared_ptr<UniqueFd> fd_ =
      std::make_shared<UniqueFd>(::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
};

HeldBytes held(const std::string& text) {
  const auto owner = std::make_shared<std::string>(text);
  return {owner, std::as_bytes(std::span(*owner))};
}

void add(FileWriters& writers, NewFile file, const std::string& text, std::uint64_t offset = 0) {
  writers.begin(std::move(file));
  writers.write(held(text), offset);
  writers.end(offset + text.size());
}

}  // namespace

TEST_CASE("files have their content, mode and times, however many write them", "[archive]") {
  const std::string text = long_text(3'000'000);
  for (const unsigned threads : {0U, 1U, 4U}) {
    const Place place;
    FileWriters writers(threads);
    for (int i = 0; i < 500; ++i) {
      const std::string name = std::to_string(i);
      const std::size_t size = i % 50 == 0 ? text.size() - static_cast<std::size_t>(i) : 7U * i;
      add(writers, place.file(name, i % 2 == 0 ? 0555 : 0640), text.substr(0, size));
    }
    writers.finish();
    for (int i = 0; i < 500; ++i) {
      const fs::path file = place.path(std::to_string(i));
      INFO(file.string());
      const std::size_t size = i % 50 == 0 ? text.size() - static_cast<std::size_t>(i) : 7U * i;
      CHECK((read_file(file) == std::string_view(text).substr(0, size)));
      struct stat info {};
      REQUIRE(::lstat(file.c_str(), &info) == 0);
      CHECK((info.st_mode & 07777U) == (i % 2 == 0 ? 0555U : 0640U));
      CHECK(info.st_mtim.tv_sec == 1'000'000'000);
      CHECK(info.st_mtim.tv_nsec == 5);
    }
  }
}

TEST_CASE("what is left out of a file is zeros", "[archive]") {
  const Place place;
  FileWriters writers(2);
  writers.begin(place.file("sparse"));
  writers.write(held("one"), 10);
  writers.write(held("two"), 600'000);
  writers.end(700'000);
  writers.begin(place.file("hole"));
  writers.end(5000);
  writers.begin(place.file("empty"));
  writers.end(0);
  writers.finish();
  std::string expected(700'000, '\0');
  expected.replace(10, 3, "one").replace(600'000, 3, "two");
  CHECK((read_file(place.path("sparse")) == expected));
  CHECK((read_file(place.path("hole")) == std::string(5000, '\0')));
  CHECK(read_file(place.path("empty")).empty());
}

TEST_CASE("what cannot be written ends the rest", "[archive]") {
  const Place place;
  const TempDir elsewhere(fs::temp_directory_path());
  write_file(place.path("there"), "before");
  fs::create_symlink(elsewhere.path() / "victim", place.path("link"));
  const std::string text = long_text(1'000'000);
  for (const char* name : {"there", "link", "no/such/directory"}) {
    INFO(name);
    FileWriters writers(2);
    CHECK(test::error_id([&] {
            add(writers, place.file(name), "x");
            for (int i = 0; i < 1000; ++i) add(writers, place.file(name + std::to_string(i)), text);
            writers.finish();
          }) == "disk::failed");
    CHECK_FALSE(test::error_id([&] { writers.finish(); }).empty());
  }
  CHECK(read_file(place.path("there")) == "before");
  CHECK(walk(elsewhere.path()).empty());
}

TEST_CASE("what waits for a writer that failed is given up", "[archive]") {
  const Place place;
  write_file(place.path("there"), "before");
  Blocks blocks;
  FileWriters writers(2);
  const std::string text = long_text(1000);
  CHECK(test::error_id([&] {
          // More than there are blocks: each waits for one that is given back.
          for (int i = 0; i < 1000; ++i) {
            writers.begin(place.file("there"));
            writers.write(blocks.copy(std::as_bytes(std::span(text))), 0);
            writers.write(blocks.copy(std::as_bytes(std::span(text))), 1000);
            writers.end(2000);
          }
        }) == "disk::failed");
  for (int i = 0; i < 100; ++i) blocks.copy(std::as_bytes(std::span(text)));
}

TEST_CASE("writers that are given up leave at once", "[archive]") {
  const Place place;
  {
    FileWriters writers(2);
    for (int i = 0; i < 30; ++i) add(writers, place.file(std::to_string(i)), long_text(200'000));
    writers.begin(place.file("begun"));
  }
  CHECK_FALSE(fs::exists(place.path("begun")));
}

TEST_CASE("unpacking opens each file once", "[archive]") {
  test::TarBuilder tar;
  std::map<std::string, int> opened;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "file" + std::to_string(i);
    tar.file(name, long_text(i % 10 == 0 ? 900'000 : 100));
    opened[name] = 0;
  }
  tar.hard_link("link", "file3");
  const std::string bytes = tar.finish();
  const TempDir dir(fs::temp_directory_path());
  const UniqueFd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  REQUIRE(::inotify_add_watch(watch.get(), dir.path().c_str(), IN_OPEN) >= 0);
  StringSource source(bytes);
  unpack(source, dir.path(), "/app");
  alignas(inotify_event) std::array<char, 1U << 16U> events{};
  for (;;) {
    const ssize_t count = ::read(watch.get(), events.data(), events.size());
    if (count <= 0) break;
    for (ssize_t at = 0; at < count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
      if (event->len > 0) ++opened[event->name];
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  CHECK(opened.size() == 40);
  for (const auto& [name, times] : opened) {
    INFO(name);
    CHECK(times == 1);
  }
}
