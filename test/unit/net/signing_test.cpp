#include "net/signing.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "base/text.h"

// The examples are those of "Signature Calculations for the Authorization Header" in the Amazon S3
// API reference.

namespace halcyon {
namespace {

SigningKey example_key() {
  return {.access_key = "AKIAIOSFODNN7EXAMPLE",
          .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
          .session_token = "",
          .region = "us-east-1"};
}

SigningInput example_input(const std::string& path) {
  return {.method = "GET",
          .host = "examplebucket.s3.amazonaws.com",
          .path = path,
          .query = {},
          .headers = {},
          .payload_sha256 = sha256("")};
}

std::string header(const std::vector<std::pair<std::string, std::string>>& headers,
                   const std::string& name) {
  for (const auto& [key, value] : headers) {
    if (lower(key) == lower(name)) return value;
  }
  return "(none)";
}

std::string authorization(const SigningInput& input) {
  return header(sign(example_key(), input, *parse_timestamp("20130524000000")), "authorization");
}

TEST_CASE("signing: documented GET of an object") {
  SigningInput input = example_input("/test.txt");
  input.headers = {{"Range", "bytes=0-9"}};
  CHECK(authorization(input) ==
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("signing: documented PUT of an object") {
  SigningInput input = example_input("/test$file.text");
  input.method = "PUT";
  input.headers = {{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                   {"Date", "Fri, 24 May 2013 00:00:00 GMT"}};
  input.payload_sha256 = sha256("Welcome to Amazon S3.");
  CHECK_THAT(authorization(input),
             Catch::EndsWith("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST_CASE("signing: documented GET of the lifecycle, a query without value") {
  SigningInput input = example_input("/");
  input.query = {{"lifecycle", ""}};
  CHECK_THAT(authorization(input),
             Catch::EndsWith("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST_CASE("signing: documented listing") {
  SigningInput input = example_input("/");
  input.query = {{"prefix", "J"}, {"max-keys", "2"}};
  CHECK_THAT(authorization(input),
             Catch::EndsWith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST_CASE("signing: all headers to send are returned, a session token is signed") {
  SigningKey key = example_key();
  key.session_token = "token";
  const auto headers = sign(key, example_input("/a"), *parse_timestamp("20130524000000"));
  CHECK(header(headers, "x-amz-date") == "20130524T000000Z");
  CHECK(header(headers, "x-amz-content-sha256") == sha256(""));
  CHECK(header(headers, "x-amz-security-token") == "token");
  CHECK_THAT(header(headers, "authorization"), Catch::Contains(";x-amz-security-token,"));
  CHECK(header(headers, "host") == "(none)");
}

TEST_CASE("signing: URI encoding") {
  CHECK(uri_encode("az-AZ_09.~", false) == "az-AZ_09.~");
  CHECK(uri_encode("a b+c/d", false) == "a%20b%2Bc%2Fd");
  CHECK(uri_encode("a b+c/d", true) == "a%20b%2Bc/d");
  CHECK(uri_encode("\xc3\xa9", true) == "%C3%A9");
}

TEST_CASE("signing: the query is sorted after encoding") {
  CHECK(canonical_query({}).empty());
  CHECK(canonical_query({{"prefix", "a b"}, {"list-type", "2"}, {"a", ""}}) ==
        "a=&list-type=2&prefix=a%20b");
}

}  // namespace
}  // namespace halcyon
