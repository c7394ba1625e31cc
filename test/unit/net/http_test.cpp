#include "net/http.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "net/download.h"
#include "net/test_server.h"
#include "net/url.h"

namespace halcyon {
namespace {

using test::reply;
using test::TestServer;

/// A sink that has seen enough after its first bytes.
class OneLook : public Sink {
 public:
  bool write(Bytes bytes) override {
    seen += bytes.size();
    return false;
  }
  std::size_t seen = 0;
};

template <typename Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {"test::no-error", "no error"};
}

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

TEST_CASE("http: a success goes to the sink or into the response") {
  const TestServer server(
      [](const std::string&) { return reply("200 OK\r\nX-Twice: a\r\nx-twice:  b ", "hello"); });
  HttpClient http;
  const HttpResponse plain = http.perform(get(server.url("/x")));
  CHECK(plain.status == 200);
  CHECK(plain.body == "hello");
  CHECK(plain.header("x-twice") == "b");
  CHECK(plain.header("absent").empty());
  StringSink sink;
  CHECK(http.perform(get(server.url("/x")), &sink).body.empty());
  CHECK(sink.text == "hello");
  CHECK(http.requests() == 2);
}

TEST_CASE("http: a failure's body stays out of the sink and is cut at 64 KiB") {
  const TestServer server(
      [](const std::string&) { return reply("500 No", std::string(200'000, 'x')); });
  HttpClient http;
  StringSink sink;
  const HttpResponse response = http.perform(get(server.url()), &sink);
  CHECK(response.status == 500);
  CHECK(sink.text.empty());
  CHECK(response.body.size() == 64U << 10U);
}

TEST_CASE("http: a sink that has seen enough ends the transfer quietly") {
  const TestServer server(
      [](const std::string&) { return reply("200 OK", std::string(10'000'000, 'x')); });
  HttpClient http;
  OneLook sink;
  CHECK(http.perform(get(server.url()), &sink).status == 200);
  CHECK(sink.seen > 0);
  CHECK(sink.seen < 10'000'000);
}

TEST_CASE("http: an error raised in a sink comes through") {
  class Full : public Sink {
    bool write(Bytes) override { throw Error("test::full", "full"); }
  };
  const TestServer server([](const std::string&) { return reply("200 OK", "hello"); });
  HttpClient http;
  Full sink;
  CHECK(error_of([&] { http.perform(get(server.url()), &sink); }).id() == "test::full");
}

TEST_CASE("http: a body that ends early is an error") {
  const TestServer server([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  });
  HttpClient http;
  StringSink sink;
  CHECK(error_of([&] { http.perform(get(server.url()), &sink); }).id() == "http::truncated");
}

TEST_CASE("http: nobody there, no such protocol, no TLS") {
  HttpClient http;
  std::string gone;
  {
    const TestServer server([](const std::string&) { return reply("200 OK"); });
    gone = server.url();
    const std::string https = "https" + gone.substr(4);
    const Error tls = error_of([&] { http.perform(get(https)); });
    CHECK(tls.id() == "http::unreachable");
    CHECK_THAT(tls.why(), Catch::Contains("CA certificates"));
  }
  const Error refused = error_of([&] { http.perform(get(gone)); });
  CHECK(refused.id() == "http::unreachable");
  CHECK_THAT(refused.what(), Catch::Contains(gone));
  CHECK(error_of([&] { http.perform(get("ftp://127.0.0.1/")); }).id() == "http::bad-url");
  CHECK(error_of([&] { http.perform(get("file:///etc/passwd")); }).id() == "http::bad-url");
}

TEST_CASE("http: uploads carry their length and are never chunked") {
  const TestServer server([](const std::string&) { return reply("200 OK"); });
  const std::string content = std::string(300'000, 'c') + "end";
  HttpClient http;
  HttpRequest request = get(server.url("/put"));
  request.method = "PUT";
  request.headers = {{"X-Mine", "1"}, {"X-Empty", ""}};
  request.upload = std::as_bytes(std::span(content));
  CHECK(http.perform(request).status == 200);
  request.upload.reset();
  CHECK(http.perform(request).status == 200);

  const std::vector<std::string> seen = server.requests();
  REQUIRE(seen.size() == 2);
  CHECK_THAT(seen[0], Catch::StartsWith("PUT /put HTTP/1.1\r\n"));
  CHECK_THAT(seen[0], Catch::Contains("Content-Length: 300003\r\n"));
  CHECK_THAT(seen[0], Catch::Contains("X-Mine: 1\r\n") && Catch::Contains("X-Empty:\r\n"));
  CHECK_THAT(seen[0], !Catch::Contains("chunked"));
  CHECK(seen[0].ends_with("\r\n\r\n" + content));
  CHECK_THAT(seen[1], Catch::Contains("Content-Length: 0\r\n"));
}

TEST_CASE("http: header values cannot bring further headers") {
  HttpClient http;
  HttpRequest request = get("http://127.0.0.1:1/");
  request.headers = {{"Authorization", "a\r\nX: y"}};
  CHECK(error_of([&] { http.perform(request); }).id() == "http::bad-header");
}

TEST_CASE("http: redirects are followed when asked, headers stay with their server") {
  const TestServer other([](const std::string&) { return reply("200 OK", "there"); });
  const TestServer server([&](const std::string& request) {
    if (request.starts_with("GET /a ")) return reply("302 Found\r\nLocation: b?c=d");
    return reply("307 Go\r\nLocation: " + other.url("/x"), "not this");
  });
  HttpClient http;
  HttpRequest request = get(server.url("/a"));
  request.headers = {{"Authorization", "secret"}, {"x-amz-security-token", "secret"}};
  CHECK(http.perform(request).status == 302);

  request.follow_redirects = true;
  StringSink sink;
  CHECK(http.perform(request, &sink).status == 200);
  CHECK(sink.text == "there");
  REQUIRE(server.requests().size() == 3);
  CHECK_THAT(server.requests()[2], Catch::StartsWith("GET /b?c=d "));
  CHECK_THAT(server.requests()[2], Catch::Contains("Authorization: secret"));
  REQUIRE(other.requests().size() == 1);
  CHECK_THAT(other.requests()[0], !Catch::Contains("Authorization") && !Catch::Contains("secret"));
}

TEST_CASE("http: what authorises in a URL stays with its server, and out of errors") {
  const TestServer other([](const std::string&) { return reply("200 OK", "there"); });
  const TestServer server([&](const std::string&) {
    return reply("302 Found\r\nLocation: " + other.url("/x"), "not this");
  });
  HttpClient http;
  std::string url = server.url("/a?X-Amz-Signature=0ab1c2");
  url.insert(url.find("://") + 3, "joe:s3kr1t@");
  HttpRequest request = get(url);
  request.follow_redirects = true;
  CHECK(http.perform(request).status == 200);
  CHECK_THAT(server.requests()[0], Catch::Contains("Authorization: Basic "));
  REQUIRE(other.requests().size() == 1);
  for (const char* secret : {"Authorization", "Referer", "joe", "s3kr1t", "0ab1c2"}) {
    CHECK_THAT(other.requests()[0], !Catch::Contains(secret));
  }

  const TestServer away([&](const std::string&) {
    return reply("302 Found\r\nLocation: ftp://h/?X-Amz-Signature=0ab1c2", "not this");
  });
  url.replace(url.find('@') + 1, url.find("/a") - url.find('@') - 1, away.url("").substr(7));
  request.url = url;
  std::string output;
  log::capture(&output);
  log::error(error_of([&] { http.perform(request); }));
  log::capture(nullptr);
  CHECK_THAT(output, Catch::Contains("is not a usable URL") && !Catch::Contains("s3kr1t") &&
                         !Catch::Contains("0ab1c2"));
}

TEST_CASE("http: redirects end, and never leave HTTP") {
  const TestServer loop([](const std::string&) { return reply("301 Go\r\nLocation: /again"); });
  const TestServer file(
      [](const std::string&) { return reply("301 Go\r\nLocation: file:///etc/passwd"); });
  HttpClient http;
  HttpRequest request = get(loop.url());
  request.follow_redirects = true;
  CHECK(error_of([&] { http.perform(request); }).id() == "http::redirect");
  CHECK(loop.requests().size() == 6);
  request.url = file.url();
  CHECK(error_of([&] { http.perform(request); }).id() == "http::redirect");
}

TEST_CASE("http: what decides where a request goes") {
  CHECK(url_origin("https://Host/x") == url_origin("https://host:443/y"));
  CHECK_FALSE(url_origin("https://host/") == url_origin("http://host/"));
  CHECK_FALSE(url_origin("https://host/") == url_origin("https://host.example/"));
  CHECK(resolve_url("http://u:p@host/a/b", "//other/c") == "http://other/c");
  CHECK(resolve_url("http://host/a/b", "../c") == "http://host/c");
  CHECK(error_of([] { url_origin("no url"); }).id() == "http::bad-url");
}

TEST_CASE("download: checks status and checksum, keeps nothing that is wrong") {
  const TestServer server([](const std::string& request) {
    if (request.starts_with("GET /gone ")) return reply("404 Not Found", "sorry");
    return reply("200 OK", "content");
  });
  const TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "sub" / "f";
  HttpClient http;
  CHECK(error_of([&] { download(http, server.url("/gone"), file, ""); }).id() == "http::status");
  CHECK(error_of([&] { download(http, server.url("/f"), file, sha256("other")); }).id() ==
        "http::wrong-checksum");
  CHECK_FALSE(fs::exists(file));
  CHECK(walk(dir.path()).size() <= 1);  // no temporary file is left

  CHECK(download(http, server.url("/f"), file, sha256("content")) == sha256("content"));
  CHECK(read_file(file) == "content");
}

TEST_CASE("download: files are copied") {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "a b", "content");
  HttpClient http;
  const std::string url = "file://" + dir.path().string() + "/a%20b";
  CHECK(download(http, url, dir.path() / "copy", "") == sha256("content"));
  CHECK(read_file(dir.path() / "copy") == "content");
  CHECK(error_of([&] {
          download(http, "file://" + dir.path().string() + "/none", dir.path() / "c", "");
        }).id() != "test::no-error");
  CHECK(http.requests() == 0);
}

}  // namespace
}  // namespace halcyon
