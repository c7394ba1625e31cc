#include "base/log.h"

#include <catch2/catch.hpp>
#include <thread>

using namespace halcyon;

namespace {

/// What is printed while it lives.
struct Capture {
  Capture() { log::capture(&text); }
  ~Capture() { log::capture(nullptr); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  std::string take() { return std::exchange(text, {}); }
  std::string text;
};

}  // namespace

TEST_CASE("the log has the look of Heroku's", "[base]") {
  Capture log;
  log::step("Restoring GHC");
  CHECK(log.take() == "-----> Restoring GHC\n");
  log::detail("one\ntwo");
  CHECK(log.take() == "       one\n       two\n");
  log::blank();
  CHECK(log.take() == "\n");
  log::warning("Careful\n\nnow");
  CHECK(log.take() == "\n !     Careful\n !\n !     now\n\n");
  log::label("GHC version:", "9.0.2");
  CHECK(log.take() == "       GHC version:                              9.0.2\n");
}

TEST_CASE("a line that is begun is ended, whatever comes between", "[base]") {
  Capture log;
  log::begin("Extracting");
  CHECK(log.text == "       Extracting...");
  log::end("done, 85 MB");
  CHECK(log.take() == "       Extracting... done, 85 MB\n");

  log::begin("Extracting");
  log::quote("noise");
  log::end("done");
  CHECK(log.take() == "       Extracting...\n       noise\n       Extracting... done\n");

  log::begin("Extracting");
  std::thread([] {
    log::begin("Downloading");
    log::begin("Downloading more");
  }).join();
  log::end("done");
  log::end("nothing was begun");
  CHECK(log.take() ==
        "       Extracting...\n       Downloading...\n       Downloading more...\n"
        "       Extracting... done\n       nothing was begun\n");
}

TEST_CASE("an error shows what, why and how to mend it", "[base]") {
  Capture log;
  log::error(Error("x::y", "It broke").why("Because\nof this").fix("do that"));
  CHECK(log.take() ==
        "\n !     Error: It broke\n !     Because\n !     of this\n !\n !     To fix it:\n"
        " !       do that\n\n");
  log::error(Error("x::y", "It broke"));
  CHECK(log.take() == "\n !     Error: It broke\n\n");
}

TEST_CASE("a child's output cannot steer the terminal", "[base]") {
  Capture log;
  log::quote("a\x1b[31mb\tc\x07\x7f");
  CHECK(log.take() == "       a?[31mb\tc??\n");
  log::quote("C1: \xc2\x9b!");  // U+009B starts a sequence as ESC [ does
  CHECK(log.take() == "       C1: ?!\n");
  log::quote("‘quotes’ – ä");
  CHECK(log.take() == "       ‘quotes’ – ä\n");
  log::quote("");
  CHECK(log.take() == "\n");
}

TEST_CASE("long lines are cut below Heroku's limit, between characters", "[base]") {
  Capture log;
  std::string line = "x";
  while (line.size() < 20'000) line += "ä";
  log::quote(line);
  const std::string text = log.take();
  CHECK(text.size() < 10'000);
  CHECK(text.size() > 8'000);
  CHECK(text.ends_with("ä…\n"));
}

TEST_CASE("secrets are never printed", "[base]") {
  Capture log;
  log::add_secret("hunter2-secret\n");  // as a config var may end
  log::add_secret("prefix");
  log::add_secret("prefix-and-more");
  log::add_secret("-----BEGIN KEY-----\nMIIEvQIBADAN\n}\n-----END KEY-----\n");
  log::add_secret("abc");  // too short to be one

  log::quote("the key is hunter2-secret, hunter2-secret");
  CHECK(log.take() == "       the key is (secret), (secret)\n");
  CHECK(log::redact("prefix-and-more") == "(secret)");
  CHECK(log::redact("MIIEvQIBADAN }") == "(secret) }");
  CHECK(log::redact("abc") == "abc");

  log::error(Error("a::b", "hunter2-secret").why("hunter2-secret").fix("hunter2-secret"));
  log::step("hunter2-secret");
  log::begin("hunter2-secret");
  log::end("hunter2-secret");
  log::label("Key:", "hunter2-secret");
  log::warning("hunter2-secret");
  CHECK(log.take().find("hunter2") == std::string::npos);
}

TEST_CASE("what authorises in the query of a URL is never printed", "[base]") {
  CHECK(
      log::redact("got https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA%2Fx&X-Amz-Date=2026"
                  "&X-Amz-Signature=0ab1 and https://h/?sig=a&x=1#sig=b, \"https://h?Token=t\"") ==
      "got https://b.s3.amazonaws.com/k?X-Amz-Credential=(secret)&X-Amz-Date=2026"
      "&X-Amz-Signature=(secret) and https://h/?sig=(secret)&x=1#sig=b, "
      "\"https://h?Token=(secret)\"");
  for (const char* plain : {"https://h/?", "https://h/?a&b=c", "https://h/?design=x", "sig=a",
                            "https://h/ ?sig=a", "https://h/?sig", "https://h/?&&=&"}) {
    CHECK(log::redact(plain) == plain);
  }
}

TEST_CASE("the passwords of URLs are never printed", "[base]") {
  CHECK(log::redact("get https://joe:s3kr1t@host/x and ftp://a:b@c") ==
        "get https://joe:(secret)@host/x and ftp://a:(secret)@c");
  CHECK(log::redact("postgres://u:p@ss@host:5432/db") == "postgres://u:(secret)@host:5432/db");
  CHECK(log::redact("https://ghp_token@github.com/x.git") == "https://(secret)@github.com/x.git");
  for (const char* plain : {"ssh://git@github.com/x.git", "http://localhost:8080/a@b:c",
                            "https://host/?mail=a:b@c", "a://", "://"}) {
    CHECK(log::redact(plain) == plain);
  }
}
