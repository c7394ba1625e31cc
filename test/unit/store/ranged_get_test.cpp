#include "store/ranged_get.h"

#include <catch2/catch.hpp>
#include <mutex>
#include <set>

#include "../net/test_server.h"
#include "base/digest.h"
#include "base/error_id.h"
#include "store/s3.h"

namespace halcyon {
namespace {

using namespace std::chrono_literals;
using test::error_id;
using test::reply;
using test::TestServer;

std::string make_content(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

/// The value of a header of a request; empty when it has none.
std::string field(const std::string& request, const std::string& name) {
  const std::size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return request.substr(begin, request.find('\r', begin) - begin);
}

/// An S3 server with one object, and a storage on it that has seen its listing.
struct Bucket {
  explicit Bucket(std::size_t size) : content(make_content(size)) {}

  std::string listing() const {
    return reply("200 OK",
                 "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>x</Key><Size>" +
                     std::to_string(listed > 0 ? listed : content.size()) +
                     "</Size></Contents></ListBucketResult>");
  }

  std::string answer(const std::string& request) {
    if (request.find("list-type=2") != std::string::npos) return listing();
    const std::lock_guard lock(mutex);
    const std::string condition = field(request, "if-match");
    if (!condition.empty() && condition != etag) return reply("412 Precondition Failed");
    const std::string range = field(request, "range");
    if (range.empty() || !knows_ranges) {
      return reply("200 OK\r\nETag: " + etag + "\r\nx-amz-meta-sha256: " + sha256(content),
                   content);
    }
    if (condition.empty() && !asked.empty()) return reply("500 Unconditional");
    asked.insert(range);
    const std::size_t dash = range.find('-');
    const std::size_t first = std::stoul(range.substr(6, dash - 6));
    const std::string end = range.substr(dash + 1);
    const std::size_t last =
        std::min(end.empty() ? content.size() - 1 : std::stoul(end), content.size() - 1);
    if (first >= content.size()) return reply("416 Range Not Satisfiable");
    std::string whole = content.substr(first, last + 1 - first);
    const std::string head =
        "HTTP/1.1 206 Partial Content\r\nETag: " + etag +
        "\r\nx-amz-meta-sha256: " + sha256(content) + "\r\nContent-Range: bytes " +
        std::to_string(first) + "-" + std::to_string(last) + "/" +
        (tells_total ? std::to_string(content.size()) : "*") +
        "\r\nConnection: close\r\nContent-Length: " + std::to_string(whole.size()) + "\r\n\r\n";
    if (changes_at > 0 && first >= changes_at) etag = "\"other\"";
    if (breaks > 0) {
      --breaks;
      whole.resize(whole.size() / 2);
    }
    return head + whole;
  }

  /// What comes of it, or the id of the Error. `beside`: in another thread's way.
  std::string get(std::chrono::milliseconds budget = 3s, bool beside = false) {
    HttpClient http;
    S3Storage storage({.bucket = "bucket",
                       .endpoint = server.url(),
                       .acl = "",
                       .access_key = "key",
                       .secret_key = "secret",
                       .retry = {.budget = budget, .first = 1ms, .most = 5ms},
                       .ranges = {.above = 2000, .bytes = 1000, .connections = 3}},
                      http, [] { return std::chrono::system_clock::now(); });
    storage.list("");
    StringSink text;
    bool found = false;
    const std::unique_ptr<Storage> other = storage.another();
    Storage& asked_storage = beside ? *other : storage;
    const std::string id = error_id([&] { found = asked_storage.get("x", text); });
    return !id.empty() ? id : found ? text.text : "absent";
  }
  /// How many objects were asked for.
  std::size_t gets() const { return server.requests().size() - 1; }

  std::string content;
  std::string etag = "\"tag\"";
  std::size_t listed = 0;
  bool knows_ranges = true;
  bool tells_total = true;
  std::size_t changes_at = 0;
  int breaks = 0;
  std::set<std::string> asked;
  std::mutex mutex;
  TestServer server{[this](const std::string& request) { return answer(request); }};
};

TEST_CASE("ranges: a large object comes in ranges of the same content, none of them twice") {
  for (const std::size_t size : {2001U, 3000U, 10'000U, 10'500U, 20'001U}) {
    Bucket bucket(size);
    const std::string got = bucket.get();
    INFO(got.substr(0, 40));
    CHECK((got == bucket.content));
    CHECK(bucket.gets() == (size + 999) / 1000);
    CHECK(bucket.asked.size() == bucket.gets());
    CHECK(bucket.asked.contains("bytes=0-999"));
  }
}

TEST_CASE("ranges: what is fetched beside something else comes in smaller ones") {
  Bucket bucket(10'500);
  CHECK((bucket.get(3s, true) == bucket.content));
  CHECK(bucket.gets() == 21);
  CHECK(bucket.asked.contains("bytes=0-499"));
}

TEST_CASE("ranges: a small object comes at once") {
  for (const std::size_t size : {1U, 1000U, 2000U}) {
    Bucket bucket(size);
    CHECK((bucket.get() == bucket.content));
    CHECK(bucket.gets() == 1);
    CHECK(bucket.asked.empty());
  }
}

TEST_CASE("ranges: servers that know none, or do not say what they have, send all at once") {
  Bucket plain(10'000);
  plain.knows_ranges = false;
  CHECK((plain.get() == plain.content));
  CHECK(plain.gets() == 1);
  for (const bool weak : {true, false}) {
    Bucket vague(10'000);
    if (weak) vague.etag = "W/\"tag\"";
    vague.tells_total = weak;
    CHECK((vague.get() == vague.content));
    CHECK(vague.gets() == 2);
  }
}

TEST_CASE("ranges: what breaks off is taken up where it broke off") {
  Bucket bucket(20'000);
  bucket.breaks = 9;
  CHECK((bucket.get() == bucket.content));
  CHECK(bucket.gets() == 20 + 9);
  Bucket broken(20'000);
  broken.breaks = 1'000'000;
  CHECK(broken.get(50ms) == "storage::truncated");
}

TEST_CASE("ranges: an object that is replaced meanwhile is noticed") {
  Bucket bucket(20'000);
  bucket.changes_at = 5000;
  CHECK(bucket.get() == "storage::changed");
}

TEST_CASE("ranges: the listing may be out of date") {
  for (const std::size_t size : {0U, 1U, 1000U, 1500U, 40'000U}) {
    Bucket bucket(size);
    bucket.listed = 20'000;
    CHECK((bucket.get() == bucket.content));
  }
}

TEST_CASE("ranges: a reader that has enough ends it") {
  class Some : public Sink {
   public:
    bool write(Bytes bytes) override {
      count += bytes.size();
      return count < 4500;
    }
    std::size_t count = 0;
  };
  std::mutex mutex;
  std::size_t gets = 0;
  const std::string content = make_content(100'000);
  const auto connect = [&]() -> GetRange {
    return [&](const ByteRange& range, const std::function<void(const HttpResponse&)>& on_head,
               Sink& sink) {
      HttpResponse response;
      response.status = 206;
      response.headers = {{"etag", "\"tag\""}, {"content-range", "bytes 0-999/100000"}};
      {
        const std::lock_guard lock(mutex);
        ++gets;
      }
      if (on_head) on_head(response);
      sink.write(std::as_bytes(std::span(content)).subspan(range.first, 1000));
      return response;
    };
  };
  Some some;
  get_in_ranges(connect, some, {.above = 2000, .bytes = 1000, .connections = 3});
  CHECK(some.count == 5000);
  CHECK(gets <= 8);
}

}  // namespace
}  // namespace halcyon
