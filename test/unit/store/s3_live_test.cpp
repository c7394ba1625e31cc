#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <random>

#include "base/log.h"
#include "base/text.h"
#include "net/signing.h"
#include "storage_contract.h"
#include "store/s3.h"
#include "store/s3_upload.h"

// Against a real server: HALCYON_TEST_S3_ENDPOINT, _BUCKET (made when missing), _KEY, _SECRET.

namespace halcyon {
namespace {

using test::error_id;
using test::get_text;
using test::put_text;
using Clock = std::chrono::system_clock;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// A sub path of the test bucket for one test case.
struct Live {
  HttpClient http;
  TempDir dir{fs::temp_directory_path()};
  S3Options options{.bucket = variable("HALCYON_TEST_S3_BUCKET"),
                    .endpoint = variable("HALCYON_TEST_S3_ENDPOINT"),
                    .acl = "private",
                    .access_key = variable("HALCYON_TEST_S3_KEY"),
                    .secret_key = variable("HALCYON_TEST_S3_SECRET"),
                    .session_token = ""};
  bool available = !options.endpoint.empty();

  Live() {
    if (!available) {
      WARN("skipped: HALCYON_TEST_S3_ENDPOINT is not set");
      return;
    }
    make_bucket();
    options.bucket += "/test-" + std::to_string(std::random_device{}());
  }
  ~Live() {
    if (!available) return;
    S3Storage all = storage(options);
    for (const ObjectInfo& object : all.list("")) all.remove(object.key);
  }

  S3Storage storage(const S3Options& with, std::chrono::seconds skew = {}) {
    return {with, http, [skew] { return Clock::now() + skew; }};
  }

  void make_bucket() {
    const S3Endpoint endpoint = parse_s3_endpoint(options.endpoint, options.bucket);
    HttpRequest request;
    request.method = "PUT";
    request.url = endpoint.scheme + "://" + endpoint.host_header() + endpoint.path("");
    request.headers = sign({.access_key = options.access_key,
                            .secret_key = options.secret_key,
                            .session_token = "",
                            .region = endpoint.region},
                           {.method = "PUT",
                            .host = endpoint.host_header(),
                            .path = endpoint.path(""),
                            .query = {},
                            .headers = {},
                            .payload_sha256 = sha256("")},
                           Clock::now());
    const HttpResponse response = http.perform(request);
    REQUIRE((response.status == 200 || response.status == 409));
  }
};

/// The most memory this process had resident since the last call, in kB (proc(5)).
long peak_memory() {
  long result = 0;
  for (const std::string& line : lines(read_file("/proc/self/status"))) {
    if (line.starts_with("VmHWM:")) result = std::stol(line.substr(6));
  }
  std::ofstream("/proc/self/clear_refs") << "5";
  return result;
}

TEST_CASE_METHOD(Live, "s3 live: keeps the storage contract", "[s3-live]") {
  if (!available) return;
  S3Storage storage = this->storage(options);
  test::check_contract(storage, dir.path());
}

TEST_CASE_METHOD(Live, "s3 live: keys that the server does not accept", "[s3-live]") {
  if (!available) return;
  S3Options wrong = options;
  wrong.secret_key += "x";
  S3Storage bad_secret = storage(wrong);
  CHECK(error_id([&] { bad_secret.list(""); }) == "s3::wrong-key");
  CHECK(error_id([&] { get_text(bad_secret, "a"); }) == "s3::wrong-key");
  CHECK(error_id([&] { put_text(bad_secret, dir.path(), "a", "x"); }) == "s3::wrong-key");
  CHECK(error_id([&] { bad_secret.remove("a"); }) == "s3::wrong-key");
  write_file(dir.path() / "large", std::string(20'000'000, 'x'));
  const std::string digest = sha256_file(dir.path() / "large");
  CHECK(error_id([&] { bad_secret.put("a", dir.path() / "large", digest); }) == "s3::wrong-key");
  wrong = options;
  wrong.access_key = "nobody";
  S3Storage bad_key = storage(wrong);
  CHECK(error_id([&] { bad_key.list(""); }) == "s3::wrong-key");
}

TEST_CASE_METHOD(Live, "s3 live: a bucket that does not exist", "[s3-live]") {
  if (!available) return;
  S3Options wrong = options;
  wrong.bucket = "halcyon-no-such-bucket";
  S3Storage storage = this->storage(wrong);
  CHECK(error_id([&] { storage.list(""); }) == "s3::no-such-bucket");
  CHECK(error_id([&] { get_text(storage, "a"); }) == "s3::no-such-bucket");
  CHECK(error_id([&] { put_text(storage, dir.path(), "a", "x"); }) == "s3::no-such-bucket");
}

// [s3-acl]: Swift has other ideas of who everybody is. [s3-many]: Swift needs minutes.
TEST_CASE_METHOD(Live, "s3 live: everyone reads what is public, nobody else what is private",
                 "[s3-live][s3-acl]") {
  if (!available) return;
  S3Options open = options;
  open.acl = "public-read";
  S3Storage sharing = storage(open);
  put_text(sharing, dir.path(), "public", "for all");
  S3Storage hiding = storage(options);
  put_text(hiding, dir.path(), "private", "for me");

  S3Options anonymous = options;
  anonymous.access_key.clear();
  anonymous.secret_key.clear();
  S3Storage stranger = storage(anonymous);
  CHECK(get_text(stranger, "public") == "for all");
  CHECK(error_id([&] { get_text(stranger, "private"); }) == "s3::forbidden");
  CHECK(error_id([&] { stranger.list(""); }) == "s3::forbidden");
  CHECK(error_id([&] { put_text(stranger, dir.path(), "a", "x"); }) == "s3::forbidden");
}

TEST_CASE_METHOD(Live, "s3 live: a clock that is wrong", "[s3-live]") {
  if (!available) return;
  for (const std::chrono::minutes skew : {std::chrono::minutes(20), std::chrono::minutes(-20)}) {
    S3Storage storage = this->storage(options, skew);
    CHECK(error_id([&] { storage.list(""); }) == "s3::clock-skew");
  }
}

TEST_CASE_METHOD(Live, "s3 live: a content that is not what was announced is refused",
                 "[s3-live]") {
  if (!available) return;
  S3Storage storage = this->storage(options);
  write_file(dir.path() / "f", "content");
  CHECK_FALSE(error_id([&] { storage.put("a", dir.path() / "f", sha256("other")); }).empty());
  CHECK(get_text(storage, "a") == "(none)");
}

TEST_CASE_METHOD(Live, "s3 live: more keys than a page holds", "[s3-live][s3-many]") {
  if (!available) return;
  S3Storage storage = this->storage(options);
  write_file(dir.path() / "f", "x");
  std::vector<std::string> expected;
  for (int i = 0; i < 2500; ++i) {
    expected.push_back("many/k " + std::to_string(i));
    storage.put(expected.back(), dir.path() / "f", sha256("x"));
  }
  std::sort(expected.begin(), expected.end());
  CHECK(test::keys(storage, "many/") == expected);
  CHECK(storage.list_pages("many/", Pages::first).has_more);
  const Listing few = storage.list_pages("many/k 100", Pages::first);
  CHECK_FALSE(few.has_more);
  CHECK(few.objects.size() == 11);
}

TEST_CASE_METHOD(Live, "s3 live: memory stays flat whatever the size", "[s3-live]") {
  if (!available) return;
  constexpr std::uintmax_t kSize = 200'000'000;
  const fs::path file = dir.path() / "big";
  write_file(file, "begin");
  fs::resize_file(file, kSize);
  const std::string digest = sha256_file(file);
  S3Storage storage = this->storage(options);
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  peak_memory();
  const long at_first = peak_memory();
  fs::resize_file(file, kSize / 4);
  storage.put("smaller", file, sha256_file(file));
  fs::resize_file(file, kSize);
  const long before = peak_memory();
  auto start = Clock::now();
  storage.put("big", file, digest);
  const double put_seconds = seconds_since(start);
  start = Clock::now();
  FileSink copy(dir.path() / "copy");
  HashingSink sink(copy);
  CHECK(storage.get("big", sink));
  const double get_seconds = seconds_since(start);
  CHECK(sink.bytes() == kSize);
  CHECK(sink.hex() == digest);
  const long grown = peak_memory() - before;
  // kB: four parts on their way, one that is filled, and a little, however large the object.
  constexpr long kBound = 6 * (8 << 10);
  CHECK(before - at_first < kBound);
  CHECK(grown < kBound - (before - at_first));
  WARN("200 MB: put " << put_seconds << " s, get " << get_seconds << " s, memory +" << grown
                      << " kB");
}

TEST_CASE_METHOD(Live, "s3 live: the bucket in the host name", "[s3-host-style]") {
  if (!available) return;
  options.addressing = "host";
  S3Storage storage = this->storage(options);
  test::check_contract(storage, dir.path());
}

TEST_CASE_METHOD(Live, "s3 live: in parts, with what became of earlier ones", "[s3-live]") {
  if (!available) return;
  constexpr std::uint64_t part = 5U << 20U;
  options.part_bytes = part;
  std::string content;
  for (std::uint32_t i = 0; content.size() < 3 * part + 1; ++i) content += std::to_string(i * i);
  write_file(dir.path() / "f", content);
  S3Storage storage = this->storage(options);
  CHECK(storage.put("os/a b", dir.path() / "f", sha256(content), IfThere::keep));
  CHECK(storage.digest("os/a b") == sha256(content));
  CHECK((get_text(storage, "os/a b") == content));
  CHECK(storage.put("os/a b", dir.path() / "f", sha256(content), IfThere::keep));
  write_file(dir.path() / "f", content + "more");
  CHECK_FALSE(storage.put("os/a b", dir.path() / "f", sha256(content + "more"), IfThere::keep));
  CHECK(storage.put("os/a b", dir.path() / "f", sha256(content + "more")));
  CHECK((get_text(storage, "os/a b") == content + "more"));

  // While it is written: the digest is known only at the end.
  for (const IfThere if_there : {IfThere::keep, IfThere::replace}) {
    storage.remove("os/a b");
    const auto upload = storage.begin("os/a b", if_there);
    upload->write(std::as_bytes(std::span(content)));
    CHECK(upload->commit(sha256(content)));
    CHECK(storage.digest("os/a b") == sha256(content));
    CHECK((get_text(storage, "os/a b") == content));
  }

  // A run that was killed leaves an upload; the next one that uploads removes it.
  S3Client client(options, http, [] { return Clock::now(); });
  const std::string prefix = client.endpoint().prefix + "os/";
  const S3Answer begun = client.send({.action = "write",
                                      .method = "POST",
                                      .key = prefix + "left+behind",
                                      .query = {{"uploads", ""}},
                                      .expects = "InitiateMultipartUploadResult"});
  REQUIRE(begun.ok());
  const auto unfinished = [&] {
    const S3Answer answer =
        client.send({.action = "list", .query = {{"uploads", ""}, {"prefix", prefix}}});
    REQUIRE(answer.ok());
    return parse_s3_uploads(answer.response.body).size();
  };
  CHECK(unfinished() == 1);
  std::string log;
  log::capture(&log);
  S3Storage careful = this->storage(options);
  careful.put("os/b", dir.path() / "f", sha256(content + "more"));
  CHECK(unfinished() == 1);  // it may be somebody's who is at work
  options.orphan_age = std::chrono::hours(-1);
  S3Storage next = this->storage(options);
  next.put("os/b", dir.path() / "f", sha256(content + "more"));
  log::capture(nullptr);
  CHECK(unfinished() == 0);
  CHECK_THAT(log, Catch::Contains("Removed 1 unfinished uploads"));
}

}  // namespace
}  // namespace halcyon
