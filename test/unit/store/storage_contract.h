#pragma once

#include <catch2/catch.hpp>
#include <future>

#include "base/digest.h"
#include "base/error.h"
#include "base/error_id.h"
#include "base/files.h"
#include "store/storage.h"

/// What every Storage must do. Each implementation's tests call it with an empty storage.
namespace halcyon::test {

/// Takes some bytes, then wants no more.
class LimitedSink : public Sink {
 public:
  explicit LimitedSink(std::size_t most) : most_(most) {}
  bool write(Bytes bytes) override {
    seen += bytes.size();
    return seen < most_;
  }
  std::size_t seen = 0;

 private:
  std::size_t most_;
};

inline void put_text(Storage& storage, const fs::path& scratch, std::string_view key,
                     std::string_view text) {
  write_file(scratch / "upload", text);
  storage.put(key, scratch / "upload", sha256(text));
}

/// The object's content, or "(none)".
inline std::string get_text(Storage& storage, std::string_view key) {
  StringSink sink;
  return storage.get(key, sink) ? sink.text : "(none)";
}

inline std::vector<std::string> keys(Storage& storage, std::string_view prefix) {
  std::vector<std::string> result;
  for (const ObjectInfo& object : storage.list(prefix)) result.push_back(object.key);
  return result;
}

inline void check_contract(Storage& storage, const fs::path& scratch) {
  INFO(storage.describe());
  using Keys = std::vector<std::string>;

  // Nothing there yet.
  CHECK(storage.list("").empty());
  CHECK(storage.list("linux-debian-12-x64/").empty());
  CHECK(get_text(storage, "linux-debian-12-x64/a.tar.xz") == "(none)");
  CHECK_NOTHROW(storage.remove("linux-debian-12-x64/a.tar.xz"));

  // Put, get, replace.
  put_text(storage, scratch, "linux-debian-12-x64/a.tar.xz", "first");
  CHECK(get_text(storage, "linux-debian-12-x64/a.tar.xz") == "first");
  put_text(storage, scratch, "linux-debian-12-x64/a.tar.xz", "second, longer");
  CHECK(get_text(storage, "linux-debian-12-x64/a.tar.xz") == "second, longer");
  CHECK(get_text(storage, "linux-debian-12-x64/a.tar") == "(none)");
  CHECK(get_text(storage, "linux-debian-12-x64") == "(none)");
  CHECK(get_text(storage, "linux-debian-12-x64/a.tar.xz/b") == "(none)");
  put_text(storage, scratch, "empty", "");
  CHECK(get_text(storage, "empty").empty());

  // Every byte comes back, whatever the block sizes.
  std::string bytes;
  for (std::size_t i = 0; i < 3'000'001; ++i) bytes += static_cast<char>(i * 7 + i / 251);
  put_text(storage, scratch, "original/bytes", bytes);
  CHECK(sha256(get_text(storage, "original/bytes")) == sha256(bytes));
  LimitedSink limited(1000);
  CHECK(storage.get("original/bytes", limited));
  CHECK(limited.seen >= 1000);
  CHECK(limited.seen < bytes.size());

  // Another thread has connections of its own.
  {
    const std::unique_ptr<Storage> other = storage.another();
    auto theirs = std::async(std::launch::async,
                             [&other] { return sha256(get_text(*other, "original/bytes")); });
    CHECK(sha256(get_text(storage, "original/bytes")) == sha256(bytes));
    CHECK(theirs.get() == sha256(bytes));
    CHECK(other->describe("x") == storage.describe("x"));
  }

  // What is there is kept where that is wanted, and known by its digest.
  CHECK(storage.digest("kept") == std::nullopt);
  write_file(scratch / "upload", "mine");
  CHECK(storage.put("kept", scratch / "upload", sha256("mine"), IfThere::keep));
  CHECK(storage.digest("kept") == sha256("mine"));
  CHECK(storage.put("kept", scratch / "upload", sha256("mine"), IfThere::keep));
  write_file(scratch / "upload", "theirs");
  CHECK_FALSE(storage.put("kept", scratch / "upload", sha256("theirs"), IfThere::keep));
  CHECK(get_text(storage, "kept") == "mine");
  CHECK(storage.put("kept", scratch / "upload", sha256("theirs")));
  CHECK(get_text(storage, "kept") == "theirs");

  // What is written piece by piece is there when it is committed, all at once.
  {
    const auto upload = storage.begin("pieces", IfThere::replace);
    for (const std::string_view piece : {"one", "", ", two", ", three"}) {
      upload->write(std::as_bytes(std::span(piece)));
    }
    CHECK(get_text(storage, "pieces") == "(none)");
    CHECK(keys(storage, "pieces").empty());
    CHECK(upload->commit(sha256("one, two, three")));
  }
  CHECK(get_text(storage, "pieces") == "one, two, three");
  CHECK(storage.digest("pieces") == sha256("one, two, three"));
  {
    const auto kept = storage.begin("pieces", IfThere::keep);
    kept->write(std::as_bytes(std::span(std::string_view("other"))));
    CHECK_FALSE(kept->commit(sha256("other")));
    const auto given_up = storage.begin("pieces", IfThere::replace);
    given_up->write(std::as_bytes(std::span(bytes)));
  }
  CHECK(get_text(storage, "pieces") == "one, two, three");
  CHECK(keys(storage, "pieces") == Keys{"pieces"});
  storage.remove("pieces");

  // Odd names.
  const Keys odd = {"odd/a b",
                    "odd/a%20b",
                    "odd/a+b",
                    "odd/a&b=c?d#e",
                    "odd/~.-_",
                    "odd/\"<>'",
                    "odd/\xc3\xa9\xe2\x82\xac",
                    "odd/.hidden",
                    "odd/$(x);*"};
  for (const std::string& key : odd) put_text(storage, scratch, key, "content of " + key);
  for (const std::string& key : odd) CHECK(get_text(storage, key) == "content of " + key);
  Keys sorted = odd;
  std::sort(sorted.begin(), sorted.end());
  CHECK(keys(storage, "odd/") == sorted);

  // Prefixes are text, not directories; sorting is by bytes; sizes are told.
  CHECK(keys(storage, "odd/a+") == Keys{"odd/a+b"});
  CHECK(keys(storage, "o").size() == odd.size() + 1);
  put_text(storage, scratch, "sort/a/x", "1");
  put_text(storage, scratch, "sort/a-b", "22");
  put_text(storage, scratch, "sort/B", "333");
  CHECK(keys(storage, "sort/") == Keys{"sort/B", "sort/a-b", "sort/a/x"});
  CHECK(keys(storage, "sort/a") == Keys{"sort/a-b", "sort/a/x"});
  CHECK(keys(storage, "sort/a/x/").empty());
  CHECK(keys(storage, "../").empty());
  const auto info = storage.list("sort/a-b");
  REQUIRE(info.size() == 1);
  CHECK(info[0].size == 2);
  const Listing all = storage.list_pages("sort/", Pages::first);
  CHECK_FALSE(all.has_more);
  CHECK(all.objects.size() == 3);

  // Removal.
  storage.remove("sort/a/x");
  CHECK(get_text(storage, "sort/a/x") == "(none)");
  CHECK(keys(storage, "sort/") == Keys{"sort/B", "sort/a-b"});

  // Bad names are refused before anything happens.
  for (const char* bad : {"", "/a", "a/", "a//b", "../a", "a/./b", "a\nb", "\xff", ".a.tmp"}) {
    INFO(bad);
    CHECK(error_id([&] { get_text(storage, bad); }) == "storage::bad-key");
    CHECK(error_id([&] { put_text(storage, scratch, bad, "x"); }) == "storage::bad-key");
    CHECK(error_id([&] { storage.remove(bad); }) == "storage::bad-key");
  }

  // A file that cannot be read is not stored.
  CHECK_FALSE(error_id([&] { storage.put("none", scratch / "missing", sha256("")); }).empty());
  CHECK(get_text(storage, "none") == "(none)");

  for (const ObjectInfo& object : storage.list("")) storage.remove(object.key);
  CHECK(storage.list("").empty());
}

}  // namespace halcyon::test
