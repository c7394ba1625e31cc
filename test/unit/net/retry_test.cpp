#include "net/retry.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "base/stopwatch.h"
#include "net/download.h"
#include "net/resume.h"
#include "net/test_server.h"

namespace halcyon {
namespace {

using namespace std::chrono_literals;
using test::reply;
using test::TestServer;

constexpr RetryPolicy quick{.budget = 3s, .first = 1ms, .most = 5ms};

TEST_CASE("retry: within the budget, with waits that grow, and none at all when it is nothing") {
  Retry none({.budget = 0ms});
  CHECK_FALSE(none.again());
  CHECK(none.told().empty());
  const Stopwatch watch;
  Retry retry({.budget = 200ms, .first = 1ms, .most = 20ms});
  int attempts = 1;
  while (retry.again()) ++attempts;
  CHECK(attempts > 5);
  CHECK(watch.elapsed() < 400ms);
  CHECK_THAT(retry.told(), Catch::StartsWith("Tried " + std::to_string(attempts) + " times in "));
}

TEST_CASE("retry: the server's wish is heeded where the budget allows it") {
  Retry retry({.budget = 1500ms, .first = 1ms, .most = 1ms});
  const Stopwatch watch;
  CHECK(retry.again(1s));
  CHECK(watch.elapsed() >= 1s);
  CHECK_FALSE(retry.again(1s));
  CHECK(watch.elapsed() < 1900ms);
  retry.progress();
  CHECK(retry.again(1s));
  HttpResponse response;
  response.headers["retry-after"] = "7";
  CHECK(retry_after(response) == 7s);
  for (const char* other : {"", "-1", "soon", "Fri, 02 Jan 2026 04:00:00 GMT"}) {
    response.headers["retry-after"] = other;
    CHECK(retry_after(response) == 0s);
  }
  response.headers["retry-after"] = "99999999999";
  CHECK(retry_after(response) == 1h);
}

TEST_CASE("retry: what may pass, and what may not") {
  HttpResponse response;
  for (const long status : {408, 429, 500, 502, 503, 504}) {
    response.status = status;
    CHECK(is_transient(response));
  }
  for (const long status : {200, 301, 307, 400, 401, 403, 404, 412, 501, 505}) {
    response.status = status;
    CHECK_FALSE(is_transient(response));
  }
  CHECK(is_transient(Error("http::unreachable", "x")));
  CHECK(is_transient(Error("http::truncated", "x")));
  for (const char* id : {"http::untrusted", "http::bad-url", "http::changed", "s3::failed"}) {
    CHECK_FALSE(is_transient(Error(id, "x")));
  }
}

std::string make_content() {
  std::string text;
  for (int i = 0; text.size() < 100'000; ++i) text += std::to_string(i);
  return text;
}

/// A server whose connections break after so many bytes of the content's rest.
struct Breaking {
  explicit Breaking(std::size_t bytes) : most(bytes) {}

  std::string answer(const std::string& request) {
    const std::size_t field = request.find("range: bytes=");
    const std::size_t from =
        field == std::string::npos || !knows_ranges ? 0 : std::stoul(request.substr(field + 13));
    if (from >= content.size()) return reply("416 Range Not Satisfiable");
    std::string head = "HTTP/1.1 ";
    head += from > 0 ? "206 Partial Content\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                           std::to_string(content.size() - 1) + "/" + std::to_string(content.size())
                     : "200 OK";
    if (!etag.empty()) head += "\r\nETag: " + etag;
    head += "\r\nContent-Length: " + std::to_string(content.size() - from + excess);
    std::string rest = content.substr(from);
    if (breaks > 0) {
      --breaks;
      rest.resize(std::min(rest.size(), most));
    }
    return head + "\r\nConnection: close\r\n\r\n" + rest;
  }

  std::string content = make_content();
  std::string etag = "\"tag\"";
  std::size_t most;
  std::size_t excess = 0;
  int breaks = 3;
  bool knows_ranges = true;
  TestServer server{[this](const std::string& request) { return answer(request); }};

  /// What is downloaded, or the id of the Error.
  std::string download() {
    const TempDir dir(fs::temp_directory_path());
    HttpClient http;
    try {
      halcyon::download(http, server.url("/f"), dir.path() / "f", "", quick);
    } catch (const Error& error) {
      CHECK_FALSE(fs::exists(dir.path() / "f"));
      return error.id();
    }
    return read_file(dir.path() / "f");
  }
};

TEST_CASE("resume: goes on from the byte reached, in the same content") {
  Breaking server(30'000);
  CHECK((server.download() == server.content));
  const auto requests = server.server.requests();
  REQUIRE(requests.size() == 4);
  CHECK_THAT(requests[0], !Catch::Contains("range"));
  CHECK_THAT(requests[1], Catch::Contains("range: bytes=30000-\r\n") &&
                              Catch::Contains("if-match: \"tag\"\r\n"));
  CHECK_THAT(requests[3], Catch::Contains("range: bytes=90000-\r\n"));
}

TEST_CASE("resume: from servers that send all again, or announce more than there is") {
  Breaking again(30'000);
  again.knows_ranges = false;
  CHECK((again.download() == again.content));
  Breaking excess(1'000'000);
  excess.excess = 7;
  excess.breaks = 1;
  CHECK((excess.download() == excess.content));
  CHECK(excess.server.requests().size() == 2);
}

TEST_CASE("resume: not in another content, not without a tag, not for ever") {
  Breaking weak(30'000);
  weak.etag = "W/\"tag\"";
  CHECK(weak.download() == "http::truncated");
  CHECK(weak.server.requests().size() == 1);
  Breaking changing(30'000);
  const TestServer other([&, n = 0](const std::string& request) mutable {
    changing.etag = "\"" + std::to_string(++n) + "\"";
    return changing.answer(request);
  });
  const TempDir dir(fs::temp_directory_path());
  HttpClient http;
  std::string id;
  try {
    download(http, other.url("/f"), dir.path() / "f", "", quick);
  } catch (const Error& error) {
    id = error.id();
  }
  CHECK(id == "http::changed");
  Breaking stuck(0);
  stuck.breaks = 1'000'000;
  CHECK(stuck.download() == "http::truncated");
  CHECK(stuck.server.requests().size() > 2);
}

}  // namespace
}  // namespace halcyon
