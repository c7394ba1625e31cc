#include "store/public.h"

#include <catch2/catch.hpp>

#include "../net/test_server.h"
#include "storage_contract.h"

namespace halcyon {
namespace {

using test::error_id;
using test::get_text;
using test::keys;
using test::reply;
using test::TestServer;

const RetryPolicy once{.budget = std::chrono::seconds(0)};

std::string listing(const std::string& contents) {
  return reply("200 OK", "<ListBucketResult><EncodingType>url</EncodingType>" + contents +
                             "</ListBucketResult>");
}

std::string object(const std::string& key) {
  return "<Contents><Key>" + key + "</Key><Size>3</Size></Contents>";
}

/// The Error of what every answer being this one leads to.
std::string list_error(const std::string& answer) {
  const TestServer server([&](const std::string&) { return answer; });
  HttpClient http;
  PublicStorage storage(server.url("/bucket"), http, once);
  return error_id([&] { storage.list("os/"); });
}

TEST_CASE("public storage: lists page by page and reads, without a signature") {
  const TestServer server([](const std::string& request) {
    if (request.starts_with("GET /bucket/os/a%20b%2Bc ")) return reply("200 OK", "abc");
    if (request.starts_with("GET /bucket/os/hidden ")) return reply("403 Forbidden");
    if (request.find("list-type=2") == std::string::npos) return reply("404 Not Found");
    if (request.find("continuation-token=t ") == std::string::npos &&
        request.find("continuation-token=t&") == std::string::npos) {
      return listing(
          "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>" +
          object("os/b") + object("elsewhere/x"));
    }
    return listing(object("os/a+b%2Bc") + object("os/dir/") + object("os/../x"));
  });
  HttpClient http;
  PublicStorage storage(server.url("/bucket/"), http);
  CHECK(storage.read_only());
  CHECK(keys(storage, "os/") == std::vector<std::string>{"os/a b+c", "os/b"});
  CHECK(get_text(storage, "os/a b+c") == "abc");
  CHECK(get_text(storage, "os/none") == "(none)");
  CHECK(get_text(storage, "os/hidden") == "(none)");
  CHECK(storage.describe("os/b") == server.url("/bucket/os/b"));
  for (const std::string& request : server.requests()) {
    CHECK_THAT(request, Catch::StartsWith("GET /bucket/"));
    CHECK_THAT(request, !Catch::Contains("uthorization"));
  }
  CHECK_THAT(server.requests().at(0), Catch::Contains("prefix=os%2F"));
}

TEST_CASE("public storage: nothing is written to it") {
  const TestServer server([](const std::string&) { return reply("200 OK"); });
  HttpClient http;
  PublicStorage storage(server.url(), http);
  CHECK(error_id([&] { storage.put("a", "/dev/null", ""); }) == "storage::read-only");
  CHECK(error_id([&] { storage.remove("a"); }) == "storage::read-only");
  for (const char* bad : {"", "/a", "../a", "a//b"}) {
    CHECK(error_id([&] { get_text(storage, bad); }) == "storage::bad-key");
  }
  CHECK(server.requests().empty());
}

TEST_CASE("public storage: whatever keeps it from being used is one kind of error") {
  CHECK(list_error(reply("403 Forbidden")) == "public::failed");
  CHECK(list_error(reply("404 Not Found")) == "public::failed");
  CHECK(list_error(reply("500 No")) == "public::failed");
  CHECK(list_error(reply("200 OK", "<html>Welcome</html>")) == "public::failed");
  CHECK(list_error(reply("200 OK", "")) == "public::failed");
  CHECK(list_error(reply("302 Found\r\nLocation: /again")) == "public::failed");
  CHECK(list_error(listing("<IsTruncated>true</IsTruncated>")) == "public::failed");
  CHECK(list_error("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") == "public::failed");
  CHECK(list_error("") == "public::failed");
  std::string url;
  {
    const TestServer server([](const std::string&) { return reply("200 OK"); });
    url = server.url();
  }
  HttpClient http;
  PublicStorage gone(url, http, once);
  CHECK(error_id([&] { gone.list(""); }) == "public::failed");
  CHECK(error_id([&] { get_text(gone, "a"); }) == "public::failed");
  const TestServer failing([](const std::string&) { return reply("503 Slow Down"); });
  PublicStorage busy(failing.url(), http, once);
  CHECK(error_id([&] { get_text(busy, "a"); }) == "public::failed");
}

TEST_CASE("public storage: what breaks off is taken up again") {
  bool refused = false;
  const TestServer server([&](const std::string& request) -> std::string {
    if (!std::exchange(refused, true)) return reply("503 Slow Down");
    if (request.find("list-type=2") != std::string::npos) return listing(object("os/a"));
    if (request.find("bytes=2-") == std::string::npos) {
      return "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 4\r\n\r\nab";
    }
    return "HTTP/1.1 206 Partial Content\r\nETag: \"x\"\r\nContent-Range: bytes 2-3/4\r\n"
           "Content-Length: 2\r\n\r\ncd";
  });
  HttpClient http;
  PublicStorage storage(server.url("/bucket"), http,
                        {.budget = std::chrono::seconds(5), .first = std::chrono::milliseconds(1)});
  CHECK(keys(storage, "os/") == std::vector<std::string>{"os/a"});
  CHECK(get_text(storage, "os/a") == "abcd");
}

TEST_CASE("public storage: a password in its URL is not shown") {
  HttpClient http;
  const PublicStorage storage("https://me:s3cr3t@host.example/bucket", http);
  CHECK_THAT(storage.describe(), !Catch::Contains("s3cr3t"));
  CHECK_THAT(storage.describe("a"), !Catch::Contains("s3cr3t"));
}

}  // namespace
}  // namespace halcyon
