#include "store/s3_upload.h"

#include <catch2/catch.hpp>
#include <mutex>

#include "../net/test_server.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "storage_contract.h"
#include "store/s3.h"

// What a real S3 server rarely does while a file is uploaded; the rest is in s3_live_test.cpp.

namespace halcyon {
namespace {

using namespace std::chrono_literals;
using test::error_id;
using test::reply;
using test::TestServer;

constexpr std::size_t part = 100;
const std::string content = std::string(950, 'a') + std::string(50, 'b');

std::string fault(const std::string& head, const std::string& code) {
  return reply(head, "<Error><Code>" + code + "</Code><Message>Told so</Message></Error>");
}

/// A server that knows uploads in parts, and can be made to fail.
struct Uploads {
  std::string answer(const std::string& request) {
    const std::string line = request.substr(0, request.find(" HTTP"));
    const std::lock_guard lock(mutex);
    if (spoil) {
      if (auto spoilt = spoil(request)) return *spoilt;
    }
    if (line.starts_with("HEAD ")) {
      return object.empty() ? reply("404 Not Found")
                            : reply("200 OK\r\nx-amz-meta-sha256: " + sha256(object));
    }
    if (line.starts_with("GET ") && line.find("uploads") != std::string::npos) {
      return reply("200 OK", listing);
    }
    if (line.starts_with("GET ")) return fault("404 Not Found", "NoSuchKey");
    if (line.starts_with("DELETE ")) {
      aborted.push_back(line.substr(7));
      return reply("204 No Content");
    }
    if (line.find("?uploads=") != std::string::npos) {
      created = request;
      return reply("200 OK",
                   "<InitiateMultipartUploadResult><UploadId>u/1</UploadId>"
                   "</InitiateMultipartUploadResult>");
    }
    const std::size_t number = line.find("partNumber=");
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    if (number != std::string::npos) {
      parts[std::stoi(line.substr(number + 11))] = body;
      return reply("200 OK\r\nETag: \"e" + std::to_string(parts.size()) + "\"");
    }
    if (line.starts_with("POST ")) {
      completed = request;
      object.clear();
      for (const auto& [at, bytes] : parts) object += bytes;
      return reply("200 OK", "<CompleteMultipartUploadResult/>");
    }
    object = body;
    return reply("200 OK");
  }

  explicit Uploads(std::chrono::milliseconds budget = 5s) {
    options.endpoint = server.url();
    options.retry = {.budget = budget, .first = 1ms, .most = 5ms};
    write_file(dir.path() / "file", content);
  }
  S3Storage storage() {
    return {options, http, [] { return *parse_timestamp("20260102030405"); }};
  }
  bool put(IfThere if_there = IfThere::replace) {
    return storage().put("os/a b", dir.path() / "file", sha256(content), if_there);
  }

  std::mutex mutex;
  std::string object, created, completed;
  std::string listing = "<ListMultipartUploadsResult/>";
  std::map<int, std::string> parts;
  std::vector<std::string> aborted;
  std::function<std::optional<std::string>(const std::string& request)> spoil;
  TempDir dir{fs::temp_directory_path()};
  HttpClient http;
  S3Options options{.bucket = "bucket",
                    .endpoint = "",
                    .acl = "public-read",
                    .access_key = "key",
                    .secret_key = "s3cr3t-word",
                    .part_bytes = part};
  TestServer server{[this](const std::string& request) { return answer(request); }};
};

TEST_CASE("s3 upload: a large file goes in parts, with its digest and ACL") {
  Uploads s3;
  CHECK(s3.put());
  CHECK(s3.parts.size() == 10);
  CHECK(s3.object == content);
  CHECK_THAT(s3.created, Catch::StartsWith("POST /bucket/os/a%20b?uploads= ") &&
                             Catch::Contains("x-amz-meta-sha256: " + sha256(content) + "\r\n") &&
                             Catch::Contains("x-amz-acl: public-read\r\n"));
  CHECK_THAT(s3.completed,
             Catch::Contains("?uploadId=u%2F1 ") && Catch::Contains("<PartNumber>10</PartNumber>"));
  CHECK(s3.aborted.empty());
  write_file(s3.dir.path() / "file", content.substr(0, part));
  CHECK(s3.storage().put("b", s3.dir.path() / "file", sha256(content.substr(0, part))));
  CHECK(s3.object == content.substr(0, part));  // in one
  CHECK(s3.parts.size() == 10);
}

TEST_CASE("s3 upload: parts that fail are sent again") {
  Uploads s3;
  s3.spoil = [n = 0](const std::string& line) mutable -> std::optional<std::string> {
    if (line.find("partNumber") == std::string::npos || ++n % 3 != 0) return {};
    return n % 2 == 0 ? fault("503 Slow", "SlowDown") : std::string();
  };
  CHECK(s3.put());
  CHECK(s3.object == content);
}

TEST_CASE("s3 upload: one that fails is given up") {
  Uploads s3;
  s3.spoil = [](const std::string& line) -> std::optional<std::string> {
    if (line.find("partNumber=7&") == std::string::npos) return {};
    return fault("403 Forbidden", "AccessDenied");
  };
  CHECK(error_id([&] { s3.put(); }) == "s3::forbidden");
  CHECK(s3.aborted == std::vector<std::string>{"/bucket/os/a%20b?uploadId=u%2F1"});
  CHECK(s3.object.empty());
}

TEST_CASE("s3 upload: the answer to the last call may be lost, or tell a failure late") {
  Uploads lost;
  lost.spoil = [&](const std::string& line) -> std::optional<std::string> {
    if (!line.starts_with("POST ") || line.find("uploadId") == std::string::npos) return {};
    if (lost.object == content) return fault("404 Not Found", "NoSuchUpload");
    lost.object = content;
    return std::string();
  };
  CHECK(lost.put());
  Uploads late;
  late.spoil = [n = 0](const std::string& line) mutable -> std::optional<std::string> {
    if (!line.starts_with("POST ") || line.find("uploadId") == std::string::npos) return {};
    if (++n > 2) return {};
    return n == 1 ? fault("200 OK", "InternalError") : reply("200 OK", "<garbage");
  };
  CHECK(late.put());
  CHECK(late.object == content);
}

TEST_CASE("s3 upload: uploads that were left unfinished a day ago are removed") {
  Uploads s3;
  std::string log;
  log::capture(&log);
  const auto upload = [](const std::string& key, const std::string& id, const std::string& time) {
    return "<Upload><Key>" + key + "</Key><UploadId>" + id + "</UploadId><Initiated>" + time +
           "</Initiated></Upload>";
  };
  s3.listing = "<ListMultipartUploadsResult>" + upload("os/x", "old", "2026-01-01T03:04:04.000Z") +
               upload("os/y", "young", "2026-01-01T03:04:06.000Z") +
               upload("elsewhere", "other", "2020-01-01T00:00:00.000Z") +
               upload("os/z", "odd", "yesterday") + "</ListMultipartUploadsResult>";
  CHECK(s3.put());
  CHECK(s3.aborted == std::vector<std::string>{"/bucket/os/x?uploadId=old"});
  CHECK_THAT(log, Catch::Contains("Removed 1 unfinished uploads"));
  for (const std::string& refusal : {fault("403 No", "AccessDenied"), std::string("x")}) {
    s3.spoil = [&](const std::string& line) -> std::optional<std::string> {
      if (!line.starts_with("GET ")) return {};
      return refusal;
    };
    CHECK(s3.put());  // it is no matter
  }
  log::capture(nullptr);
}

TEST_CASE("s3 upload: what another builder has stored is kept where that is wanted") {
  for (const std::string& theirs : {std::string("theirs"), content}) {
    for (const std::uint64_t bytes : {std::uint64_t{part}, std::uint64_t{1000}}) {
      Uploads s3;
      s3.options.part_bytes = bytes;
      s3.object = theirs;
      s3.spoil = [](const std::string& line) -> std::optional<std::string> {
        if (line.starts_with("PUT ")) return fault("412 No", "PreconditionFailed");
        return {};
      };
      CHECK(s3.put(IfThere::keep) == (theirs == content));
      CHECK(s3.parts.empty());
      CHECK(s3.object == theirs);
    }
  }
  Uploads condition;
  CHECK(condition.put(IfThere::keep));
  CHECK_THAT(condition.completed, Catch::Contains("if-none-match: *\r\n"));
}

TEST_CASE("s3 upload: servers without conditions are asked before, and not again") {
  Uploads s3;
  s3.options.part_bytes = 1000;
  int refused = 0;
  s3.spoil = [&](const std::string& request) -> std::optional<std::string> {
    if (request.find("if-none-match") == std::string::npos) return {};
    ++refused;
    return fault("501 No", "NotImplemented");
  };
  S3Storage storage = s3.storage();
  const fs::path file = s3.dir.path() / "file";
  CHECK(storage.put("x", file, sha256(content), IfThere::keep));
  CHECK(s3.object == content);
  s3.object = "theirs";
  CHECK_FALSE(storage.put("x", file, sha256(content), IfThere::keep));
  CHECK(s3.object == "theirs");
  CHECK(refused == 1);
}

/// Writes the content in odd pieces.
void write_content(Upload& upload) {
  for (std::size_t at = 0; at < content.size(); at += 70) {
    upload.write(std::as_bytes(
        std::span(content).subspan(at).first(std::min<std::size_t>(70, content.size() - at))));
  }
}

/// The header line that says which upload made an object; empty when it does not.
std::string id_line(const std::string& request) {
  const std::size_t at = request.find("x-amz-meta-upload:");
  return at == std::string::npos ? "" : request.substr(at, request.find("\r\n", at) - at);
}

TEST_CASE("s3 upload: parts go while more is written, and the digest is added at the end") {
  Uploads s3;
  std::string copied;
  bool is_lost = false;
  s3.spoil = [&](const std::string& request) -> std::optional<std::string> {
    if (request.starts_with("HEAD ") && !s3.object.empty()) {
      return reply("200 OK\r\nETag: \"t-10\"\r\n" + id_line(s3.created));
    }
    if (is_lost && request.starts_with("POST ") && request.find("uploadId") != std::string::npos) {
      if (s3.object == content) return fault("404 Not Found", "NoSuchUpload");
      s3.object = content;
      return std::string();
    }
    if (request.find("x-amz-copy-source:") == std::string::npos) return {};
    copied = request;
    return reply("200 OK", "<CopyObjectResult/>");
  };
  SECTION("") {}
  SECTION("also when the answer to the last call is lost") { is_lost = true; }
  S3Storage storage = s3.storage();
  const auto upload = storage.begin("os/a b", IfThere::replace);
  write_content(*upload);
  CHECK(upload->commit(sha256(content)));
  CHECK(s3.parts.size() == 10);
  for (const auto& [number, bytes] : s3.parts) CHECK(bytes.size() == part);
  CHECK(s3.object == content);
  CHECK_THAT(s3.created, !Catch::Contains("x-amz-meta-sha256"));
  CHECK_THAT(copied, Catch::StartsWith("PUT /bucket/os/a%20b HTTP") &&
                         Catch::Contains("x-amz-copy-source: /bucket/os/a%20b\r\n") &&
                         Catch::Contains("x-amz-copy-source-if-match: \"t-10\"\r\n") &&
                         Catch::Contains("x-amz-metadata-directive: REPLACE\r\n") &&
                         Catch::Contains("x-amz-acl: public-read\r\n") &&
                         Catch::Contains("x-amz-meta-sha256: " + sha256(content) + "\r\n"));
}

TEST_CASE("s3 upload: the digest is added where the server compares no tags, too") {
  Uploads s3;
  std::string copied;
  s3.spoil = [&](const std::string& request) -> std::optional<std::string> {
    if (request.starts_with("HEAD ") && !s3.object.empty()) {
      return reply("200 OK\r\nLast-Modified: Sat, 21 Nov 2026 19:20:37 GMT\r\n" +
                   id_line(s3.created));
    }
    if (request.find("x-amz-copy-source:") == std::string::npos) return {};
    if (request.find("if-match") != std::string::npos) return fault("412 No", "PreconditionFailed");
    copied = request;
    return reply("200 OK", "<CopyObjectResult/>");
  };
  S3Storage storage = s3.storage();
  const auto upload = storage.begin("os/a b", IfThere::replace);
  write_content(*upload);
  CHECK(upload->commit(sha256(content)));
  CHECK_THAT(copied, Catch::Contains("x-amz-copy-source-if-unmodified-since: Sat, 21 Nov 2026 "
                                     "19:20:37 GMT\r\n"));
}

TEST_CASE("s3 upload: what another builder has put in its place gets no digest of ours") {
  Uploads s3;
  bool is_copied = false;
  s3.spoil = [&](const std::string& request) -> std::optional<std::string> {
    if (request.starts_with("HEAD ")) return reply("200 OK\r\nx-amz-meta-upload: theirs");
    is_copied = is_copied || request.find("x-amz-copy-source:") != std::string::npos;
    return {};
  };
  S3Storage storage = s3.storage();
  const auto upload = storage.begin("os/a b", IfThere::replace);
  write_content(*upload);
  CHECK(upload->commit(sha256(content)));
  CHECK_FALSE(is_copied);
}

TEST_CASE("s3 upload: a server that does not copy has the object all the same") {
  for (const char* answer : {"412 No", "501 No", "404 No"}) {
    Uploads s3;
    s3.spoil = [&](const std::string& request) -> std::optional<std::string> {
      if (request.starts_with("HEAD ")) return reply("200 OK\r\n" + id_line(s3.created));
      if (request.find("x-amz-copy-source:") == std::string::npos) return {};
      return fault(answer, "PreconditionFailed");
    };
    S3Storage storage = s3.storage();
    const auto upload = storage.begin("os/a b", IfThere::replace);
    write_content(*upload);
    CHECK(upload->commit(sha256(content)));
    CHECK(s3.object == content);
  }
}

TEST_CASE("s3 upload: what is small goes in one request, with its digest") {
  Uploads s3;
  S3Storage storage = s3.storage();
  const auto upload = storage.begin("os/a b", IfThere::replace);
  upload->write(std::as_bytes(std::span(content).first(part)));
  CHECK(s3.server.requests().empty());
  CHECK(upload->commit(sha256(content.substr(0, part))));
  REQUIRE(s3.server.requests().size() == 1);
  CHECK_THAT(s3.server.requests()[0],
             Catch::Contains("x-amz-meta-sha256: " + sha256(content.substr(0, part))));
  CHECK(s3.object == content.substr(0, part));
}

TEST_CASE("s3 upload: one that is not committed is given up") {
  Uploads s3;
  S3Storage storage = s3.storage();
  SECTION("with no more than a part nothing was begun") {
    storage.begin("os/a b", IfThere::replace)->write(std::as_bytes(std::span(content).first(part)));
    CHECK(s3.server.requests().empty());
  }
  SECTION("with more the server forgets the parts") {
    write_content(*storage.begin("os/a b", IfThere::replace));
    CHECK(s3.aborted == std::vector<std::string>{"/bucket/os/a%20b?uploadId=u%2F1"});
  }
  SECTION("after a failure the next write tells it") {
    s3.spoil = [](const std::string& request) -> std::optional<std::string> {
      if (request.find("partNumber=") == std::string::npos) return {};
      return fault("403 Forbidden", "AccessDenied");
    };
    const auto write_all = [&] {
      const auto upload = storage.begin("os/a b", IfThere::replace);
      write_content(*upload);
      upload->commit(sha256(content));
    };
    CHECK(error_id(write_all) == "s3::forbidden");
    CHECK(s3.aborted.size() == 1);
  }
  CHECK(s3.object.empty());
}

TEST_CASE("s3 upload: nothing is sent of what another builder has stored and is to be kept") {
  for (const std::string& theirs : {std::string("theirs"), content}) {
    Uploads s3;
    s3.object = theirs;
    S3Storage storage = s3.storage();
    const auto upload = storage.begin("os/a b", IfThere::keep);
    write_content(*upload);
    CHECK(upload->commit(sha256(content)) == (theirs == content));
    CHECK(s3.created.empty());
    CHECK(s3.server.requests().size() == 2);  // to see that it is there, and what it is
  }
}

TEST_CASE("s3 upload: parts are all alike, and at most 10,000") {
  constexpr std::uint64_t mib = 1U << 20U;
  CHECK(s3_part_bytes(100 * mib, 16 * mib) == 16 * mib);
  CHECK(s3_part_bytes(160'000 * mib, 16 * mib) == 16 * mib);
  CHECK(s3_part_bytes(160'000 * mib + 1, 16 * mib) == 17 * mib);
}

TEST_CASE("s3: an object that is not what was stored is told") {
  const TestServer server([](const std::string& request) {
    const bool good = request.find("/good ") != std::string::npos;
    return reply("200 OK\r\nx-amz-meta-sha256: " + sha256(good ? "abc" : "abd"), "abc");
  });
  HttpClient http;
  S3Options options{.bucket = "bucket", .endpoint = server.url()};
  S3Storage storage(options, http, &std::chrono::system_clock::now);
  CHECK(test::get_text(storage, "good") == "abc");
  CHECK(error_id([&] { test::get_text(storage, "bad"); }) == "storage::corrupt");
  StringSink checked_elsewhere;
  CHECK(storage.get("bad", checked_elsewhere, Check::by_caller));
  CHECK(checked_elsewhere.text == "abc");
  CHECK(storage.digest("good") == sha256("abc"));
  test::LimitedSink limited(1);
  CHECK(storage.get("bad", limited));
}

TEST_CASE("s3: what may pass is tried again, the rest is not") {
  const auto requests_for = [](const std::string& answer) {
    Uploads s3(500ms);
    s3.spoil = [&](const std::string&) { return std::optional(answer); };
    S3Storage storage = s3.storage();
    CHECK_FALSE(error_id([&] { storage.remove("x"); }).empty());
    return s3.server.requests().size();
  };
  for (const std::string& passing :
       {fault("503 No", "SlowDown"), fault("500 No", "InternalError"), fault("429 No", "x"),
        fault("400 No", "RequestTimeout"), fault("409 No", "OperationAborted"), std::string()}) {
    CHECK(requests_for(passing) > 2);
  }
  for (const std::string& lasting :
       {fault("403 No", "AccessDenied"), fault("404 No", "NoSuchBucket"),
        fault("403 No", "SignatureDoesNotMatch"), fault("403 No", "RequestTimeTooSkewed"),
        fault("501 No", "NotImplemented"), fault("400 No", "InvalidArgument")}) {
    CHECK(requests_for(lasting) == 1);
  }
}

}  // namespace
}  // namespace halcyon
