#include "store/s3.h"

#include <catch2/catch.hpp>

#include "../net/test_server.h"
#include "base/log.h"
#include "base/text.h"
#include "storage_contract.h"

// What a real S3 server rarely answers; the rest is in s3_live_test.cpp.

namespace halcyon {
namespace {

using test::error_id;
using test::get_text;
using test::keys;
using test::put_text;
using test::reply;
using test::TestServer;

std::string fault(const std::string& head, const std::string& code, const std::string& more = "") {
  return reply(head, "<?xml version=\"1.0\"?>\n<Error><Code>" + code +
                         "</Code><Message>Told so</Message>" + more + "</Error>");
}

std::string page(const std::string& contents, const std::string& more = "") {
  return reply("200 OK",
               "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
               "<EncodingType>url</EncodingType>" +
                   more + contents + "</ListBucketResult>");
}

std::string object(const std::string& key) {
  return "<Contents><Key>" + key + "</Key><Size>3</Size></Contents>";
}

bool is_listing(const std::string& request) {
  return request.find("list-type=2") != std::string::npos;
}

/// A storage on a server with canned answers.
struct Fixed {
  explicit Fixed(TestServer::Answer answer, const std::string& acl = "",
                 const std::string& bucket = "bucket", const std::string& token = "")
      : server(std::move(answer)),
        storage({.bucket = bucket,
                 .endpoint = server.url(),
                 .acl = acl,
                 .access_key = "key",
                 .secret_key = "s3cr3t-word",
                 .session_token = token,
                 .retry = {.budget = {}}},
                http, [] { return *parse_timestamp("20260102030405"); }) {}

  /// The Error that `action` raises.
  template <typename Action>
  Error error(Action action) {
    try {
      action();
    } catch (const Error& error) {
      return error;
    }
    return {"test::no-error", "no error"};
  }
  Error get_error() {
    return error([&] { get_text(storage, "a/b"); });
  }

  TempDir dir{fs::temp_directory_path()};
  TestServer server;
  HttpClient http;
  S3Storage storage;
};

TEST_CASE("s3: requests are signed, in path style at other endpoints than AWS") {
  Fixed s3([](const std::string&) { return reply("200 OK", "abc"); }, "", "bucket", "token-1");
  CHECK(get_text(s3.storage, "a b/c+d") == "abc");
  put_text(s3.storage, s3.dir.path(), "x", "content");
  s3.storage.remove("x");
  const auto requests = s3.server.requests();
  REQUIRE(requests.size() == 3);
  CHECK_THAT(requests[0], Catch::StartsWith("GET /bucket/a%20b/c%2Bd HTTP/1.1\r\n"));
  CHECK_THAT(requests[0], Catch::Contains("Credential=key/20260102/us-east-1/s3/aws4_request"));
  CHECK_THAT(requests[0], Catch::Contains("x-amz-security-token: token-1\r\n"));
  CHECK_THAT(requests[0], !Catch::Contains("s3cr3t-word"));
  CHECK_THAT(requests[1], Catch::StartsWith("PUT /bucket/x HTTP/1.1\r\n"));
  CHECK_THAT(requests[1], Catch::Contains("x-amz-content-sha256: " + sha256("content") + "\r\n"));
  CHECK_THAT(requests[1], !Catch::Contains("x-amz-acl") && !Catch::Contains("aws-chunked"));
  CHECK_THAT(requests[2], Catch::StartsWith("DELETE /bucket/x HTTP/1.1\r\n"));
}

TEST_CASE("s3: the ACL header is sent for public-read only") {
  for (const std::string acl : {"private", "public-read"}) {
    Fixed s3([](const std::string&) { return reply("200 OK"); }, acl);
    put_text(s3.storage, s3.dir.path(), "x", "content");
    const std::string request = s3.server.requests().at(0);
    CHECK((request.find("x-amz-acl: public-read\r\n") != std::string::npos) ==
          (acl == "public-read"));
    CHECK((request.find("x-amz-acl,") != std::string::npos ||
           request.find(";x-amz-acl;") != std::string::npos) == (acl == "public-read"));
  }
}

TEST_CASE("s3: without a key requests are not signed; half a key is an error") {
  const TestServer server([](const std::string&) { return reply("200 OK", "abc"); });
  HttpClient http;
  const auto now = [] { return std::chrono::system_clock::now(); };
  S3Options options{.bucket = "bucket", .endpoint = server.url()};
  S3Storage storage(options, http, now);
  CHECK(get_text(storage, "a") == "abc");
  CHECK_THAT(server.requests().at(0), !Catch::Contains("uthorization"));
  options.access_key = "key";
  CHECK(error_id([&] { S3Storage(options, http, now); }) == "s3::wrong-key");
}

TEST_CASE("s3: a bucket with a sub path is a prefix of all keys") {
  Fixed s3(
      [](const std::string& request) {
        if (!is_listing(request)) return reply("200 OK", "abc");
        return page(object("sub/path/os/b") + object("sub/path/os/a%2Bc+d") +
                    object("sub/path/os/dir/") + object("elsewhere/os/x"));
      },
      "", "bucket/sub/path/");
  CHECK(keys(s3.storage, "os/") == std::vector<std::string>{"os/a+c d", "os/b"});
  CHECK(get_text(s3.storage, "os/b") == "abc");
  CHECK_THAT(s3.server.requests().at(0), Catch::Contains("prefix=sub%2Fpath%2Fos%2F"));
  CHECK_THAT(s3.server.requests().at(1), Catch::StartsWith("GET /bucket/sub/path/os/b "));
  CHECK(s3.storage.describe() == "s3://bucket/sub/path");
  CHECK(s3.storage.describe("os/b") == "s3://bucket/sub/path/os/b");
}

TEST_CASE("s3: listings are followed page by page, but not in circles") {
  Fixed s3([](const std::string& request) {
    if (request.find("continuation-token=t%2F1%3D") != std::string::npos) return page(object("b"));
    return page(
        object("a"),
        "<IsTruncated>true</IsTruncated><NextContinuationToken>t/1=</NextContinuationToken>");
  });
  CHECK(keys(s3.storage, "") == std::vector<std::string>{"a", "b"});

  Fixed circle([](const std::string&) {
    return page("",
                "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>");
  });
  CHECK(error_id([&] { circle.storage.list(""); }) == "s3::failed");
  CHECK(circle.server.requests().size() == 2);
}

TEST_CASE("s3: the region is learnt from the answer, once, and remembered") {
  const auto answer = [](const std::string& request) {
    if (request.find("/eu-north-1/s3/") != std::string::npos) return reply("200 OK", "abc");
    if (request.starts_with("GET /bucket/header")) {
      return fault("301 Moved\r\nx-amz-bucket-region: eu-north-1", "PermanentRedirect");
    }
    return fault("400 Bad Request", "AuthorizationHeaderMalformed", "<Region>eu-north-1</Region>");
  };
  for (const char* key : {"header", "body"}) {
    Fixed s3(answer);
    CHECK(get_text(s3.storage, key) == "abc");
    CHECK(s3.server.requests().size() == 2);
    put_text(s3.storage, s3.dir.path(), "other", "x");
    CHECK(s3.server.requests().size() == 3);
  }
  Fixed moody([n = 0](const std::string&) mutable {
    return fault("400 Bad", "AuthorizationHeaderMalformed",
                 "<Region>r-" + std::to_string(++n) + "</Region>");
  });
  const Error error = moody.get_error();
  CHECK(error.id() == "s3::wrong-region");
  CHECK(moody.server.requests().size() == 2);
  Fixed hostile([](const std::string&) {
    return fault("400 Bad", "AuthorizationHeaderMalformed", "<Region>x.evil.example/</Region>");
  });
  CHECK(hostile.get_error().id() == "s3::wrong-region");
  CHECK(hostile.server.requests().size() == 1);
}

TEST_CASE("s3: redirects to other hosts are told, not followed") {
  const TestServer other([](const std::string&) { return reply("200 OK", "stolen"); });
  Fixed s3([&](const std::string&) {
    return fault("307 Go\r\nLocation: " + other.url("/x", "localhost"), "TemporaryRedirect");
  });
  const Error error = s3.get_error();
  CHECK(error.id() == "s3::wrong-region");
  CHECK_THAT(error.fix(), Catch::Contains(other.url("/x", "localhost")));
  CHECK(other.requests().empty());
}

TEST_CASE("s3: a 403 for a key is told apart by the listing") {
  const auto storage_with = [](std::string listing) {
    return [listing = std::move(listing)](const std::string& request) {
      return is_listing(request) ? listing : fault("403 Forbidden", "AccessDenied");
    };
  };
  Fixed absent(storage_with(page("")));
  CHECK(get_text(absent.storage, "a/b") == "(none)");
  CHECK_THAT(absent.server.requests().at(1), Catch::Contains("max-keys=1&prefix=a%2Fb "));
  Fixed longer(storage_with(page(object("a/b.sha256"))));
  CHECK(get_text(longer.storage, "a/b") == "(none)");
  Fixed there(storage_with(page(object("a%2Fb"))));
  CHECK(there.get_error().id() == "s3::forbidden");
  Fixed blind(storage_with(fault("403 Forbidden", "AccessDenied")));
  const Error error = blind.get_error();
  CHECK(error.id() == "s3::forbidden");
  for (const char* right : {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}) {
    CHECK_THAT(error.fix(), Catch::Contains(right));
  }
}

TEST_CASE("s3: missing keys, missing buckets and foreign 404s are different") {
  Fixed key([](const std::string&) { return fault("404 Not Found", "NoSuchKey"); });
  CHECK(get_text(key.storage, "a/b") == "(none)");
  CHECK_NOTHROW(key.storage.remove("a/b"));
  Fixed bucket([](const std::string&) { return fault("404 Not Found", "NoSuchBucket"); });
  CHECK(bucket.get_error().id() == "s3::no-such-bucket");
  CHECK(error_id([&] { bucket.storage.remove("a/b"); }) == "s3::no-such-bucket");
  Fixed web([](const std::string&) { return reply("404 Not Found", "<html>No<br></html>"); });
  const Error error = web.get_error();
  CHECK(error.id() == "s3::failed");
  CHECK_THAT(error.fix(), Catch::Contains("HALCYON_S3_ENDPOINT"));
}

TEST_CASE("s3: every error says what was asked, the status and the code") {
  Fixed s3([](const std::string&) { return fault("503 Slow Down", "SlowDown"); });
  const Error error = s3.get_error();
  CHECK(error.id() == "s3::failed");
  CHECK_THAT(error.what(), Catch::Contains("s3://bucket/a/b"));
  CHECK_THAT(error.why(), Catch::Contains("503") && Catch::Contains("SlowDown: Told so"));
}

TEST_CASE("s3: both clocks are shown when they differ") {
  Fixed s3([](const std::string&) {
    return fault("403 Forbidden\r\nDate: Fri, 02 Jan 2026 04:00:00 GMT", "RequestTimeTooSkewed");
  });
  const Error error = s3.get_error();
  CHECK(error.id() == "s3::clock-skew");
  CHECK_THAT(error.why(), Catch::Contains("Fri, 02 Jan 2026 04:00:00 GMT"));
  CHECK_THAT(error.why(), Catch::Contains("Fri, 02 Jan 2026 03:04:05 GMT"));
  CHECK(s3.server.requests().size() == 1);  // the listing would not help
}

TEST_CASE("s3: whether an object is there is asked by HEAD; why not, by GET") {
  Fixed there([](const std::string&) { return reply("200 OK"); });
  CHECK(there.storage.has("a/b"));
  CHECK(there.storage.last_status() == 200);
  REQUIRE(there.server.requests().size() == 1);
  CHECK_THAT(there.server.requests()[0], Catch::StartsWith("HEAD /bucket/a/b "));
  Fixed absent([](const std::string& request) {
    return request.starts_with("HEAD") ? reply("404 Not Found")
                                       : fault("404 Not Found", "NoSuchKey");
  });
  CHECK_FALSE(absent.storage.has("a/b"));
  Fixed nowhere([](const std::string& request) {
    return request.starts_with("HEAD") ? reply("404 Not Found")
                                       : fault("404 Not Found", "NoSuchBucket");
  });
  CHECK(error_id([&] { nowhere.storage.has("a/b"); }) == "s3::no-such-bucket");
  CHECK(nowhere.storage.last_status() == 404);
}

TEST_CASE("s3: copies are made by the server, and may fail late") {
  Fixed s3(
      [](const std::string& request) {
        if (request.starts_with("HEAD /bucket/sub/gone ")) return reply("404 Not Found");
        if (request.starts_with("GET /bucket/sub/gone "))
          return fault("404 Not Found", "NoSuchKey");
        if (request.starts_with("PUT /bucket/sub/late ")) return fault("200 OK", "InternalError");
        return reply("200 OK", "<CopyObjectResult/>");
      },
      "public-read", "bucket/sub");
  s3.storage.copy("to", s3.storage, "a b+c");
  const std::string request = s3.server.requests().back();
  CHECK_THAT(request, Catch::StartsWith("PUT /bucket/sub/to "));
  CHECK_THAT(request, Catch::Contains("x-amz-copy-source: /bucket/sub/a%20b%2Bc\r\n"));
  CHECK_THAT(request, Catch::Contains("x-amz-acl: public-read\r\n"));
  CHECK(error_id([&] { s3.storage.copy("to", s3.storage, "gone"); }) == "s3::no-such-object");
  CHECK(error_id([&] { s3.storage.copy("late", s3.storage, "a"); }) == "s3::failed");
  CHECK(error_id([&] { s3.storage.copy("to", s3.storage, "../a"); }) == "storage::bad-key");
}

TEST_CASE("s3: a bucket is made, unless somebody else has it") {
  Fixed made([](const std::string&) { return reply("200 OK"); }, "public-read");
  made.storage.create();
  CHECK_THAT(made.server.requests().at(0), Catch::StartsWith("PUT /bucket/ "));
  CHECK_THAT(made.server.requests().at(0), Catch::Contains("x-amz-acl: public-read\r\n"));
  Fixed ours([](const std::string&) { return fault("409 Conflict", "BucketAlreadyOwnedByYou"); });
  CHECK_NOTHROW(ours.storage.create());
  Fixed theirs([](const std::string&) { return fault("409 Conflict", "BucketAlreadyExists"); });
  CHECK(error_id([&] { theirs.storage.create(); }) == "s3::bucket-taken");
  CHECK(theirs.storage.last_status() == 409);
}

TEST_CASE("s3: a bucket that refuses ACLs gets files without, with one warning") {
  std::string output;
  log::capture(&output);
  for (const std::string& refusal :
       {fault("400 Bad", "AccessControlListNotSupported"), fault("501 No", "NotImplemented"),
        reply("501 No",
              "<Error><Code>NotImplemented</Code><Message>Header 'x-amz-acl' with value "
              "'public-read' not implemented</Message></Error>")}) {
    output.clear();
    Fixed refuses(
        [&](const std::string& request) {
          const bool has_acl = request.find("x-amz-acl: ") != std::string::npos;
          return has_acl ? refusal : reply("200 OK");
        },
        "public-read");
    const auto put = [&] { put_text(refuses.storage, refuses.dir.path(), "x", "y"); };
    if (refusal.find("Told so") != std::string::npos && refusal.find("501") != std::string::npos) {
      CHECK(error_id(put) == "s3::failed");  // nobody speaks of ACLs
      continue;
    }
    put();
    put();
    CHECK(refuses.server.requests().size() == 3);
    CHECK_THAT(output, Catch::Contains("Bucket 'bucket' refuses object ACLs"));
    CHECK(output.find("refuses") == output.rfind("refuses"));
  }
  log::capture(nullptr);
  Fixed bucket([](const std::string&) { return fault("400 Bad", "AccessControlListNotSupported"); },
               "public-read");
  const Error acl = bucket.error([&] { bucket.storage.create(); });
  CHECK(acl.id() == "s3::acl");
  CHECK_THAT(acl.fix(), Catch::Contains("config:unset HALCYON_S3_ACL"));
}

TEST_CASE("s3: a put that is forbidden") {
  Fixed forbids([](const std::string&) { return fault("403 Forbidden", "AccessDenied"); },
                "public-read");
  const Error error =
      forbids.error([&] { put_text(forbids.storage, forbids.dir.path(), "x", "y"); });
  CHECK(error.id() == "s3::forbidden");
  CHECK_THAT(error.fix(), Catch::Contains("s3:PutObjectAcl"));
}

TEST_CASE("s3: keys that are not accepted") {
  for (const std::string code : {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}) {
    Fixed s3([&](const std::string&) { return fault("403 Forbidden", code); });
    const Error error = s3.get_error();
    CHECK(error.id() == "s3::wrong-key");
    CHECK_THAT(error.why(), Catch::Contains(code));
    CHECK(s3.server.requests().size() == 1);
  }
}

TEST_CASE("s3: garbage, half answers and silence") {
  for (const std::string garbage : {"", "<", "<a><b></a>", "no xml", "<Error/>"}) {
    Fixed s3([&](const std::string&) { return reply("200 OK", garbage); });
    CHECK(error_id([&] { s3.storage.list(""); }) == "s3::failed");
    Fixed failing([&](const std::string&) { return reply("500 No", garbage); });
    CHECK(failing.get_error().id() == "s3::failed");
  }
  Fixed half([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  });
  CHECK(half.get_error().id() == "storage::truncated");
  Fixed silent([](const std::string&) { return std::string(); });
  CHECK(silent.get_error().id() == "s3::unreachable");
  CHECK(silent.storage.last_status() == 0);
}

}  // namespace
}  // namespace halcyon
