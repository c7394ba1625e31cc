#include "base/ed25519.h"

#include <catch2/catch.hpp>

#include "base/digest.h"

using namespace halcyon;

namespace {

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace

TEST_CASE("ed25519: RFC 8032, 7.1, test 3", "[base]") {
  const auto secret = SecretKey::parse(
      "ed25519-secret:" +
      to_base64(from_hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")));
  REQUIRE(secret);
  CHECK(secret->public_key().text() ==
        "ed25519:" + to_base64(from_hex(
                         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")));
  const std::string message = from_hex("af82");
  const std::string signature = secret->sign(message);
  CHECK(to_hex(signature) ==
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
  CHECK(secret->public_key().verifies(message, signature));
}

TEST_CASE("ed25519: nothing else verifies", "[base]") {
  const SecretKey secret = SecretKey::create();
  const PublicKey key = secret.public_key();
  const std::string signature = secret.sign("message");
  CHECK(key.verifies("message", signature));
  CHECK_FALSE(key.verifies("messagE", signature));
  CHECK_FALSE(key.verifies("message", ""));
  CHECK_FALSE(key.verifies("message", signature + "x"));
  CHECK_FALSE(key.verifies("message", std::string(64, '\0')));
  CHECK_FALSE(key.verifies("message", SecretKey::create().sign("message")));
  std::string changed = signature;
  changed[10] = static_cast<char>(changed[10] ^ 1);
  CHECK_FALSE(key.verifies("message", changed));
}

TEST_CASE("ed25519: keys are words that read back", "[base]") {
  const SecretKey secret = SecretKey::create();
  CHECK_FALSE(secret.text() == SecretKey::create().text());
  CHECK(SecretKey::parse(secret.text())->text() == secret.text());
  CHECK(*PublicKey::parse(secret.public_key().text()) == secret.public_key());
  const std::string base64 = to_base64(std::string(32, 'k'));
  CHECK(PublicKey::parse("ed25519:" + base64));
  for (const std::string& wrong :
       {std::string(), base64, "ed25519:" + base64.substr(1), "ed25519:" + base64 + "\n",
        "ed25519: " + base64, "ed25519-secret:" + base64, "ed25519:" + to_base64("short"),
        "ed25519:" + std::string(base64).replace(42, 1, "p"), secret.text() + "="}) {
    INFO(wrong);
    CHECK_FALSE(PublicKey::parse(wrong));
  }
  CHECK_FALSE(SecretKey::parse("ed25519:" + base64));
}

TEST_CASE("base64 reads back, and in one form only", "[base]") {
  for (const std::string& bytes : {std::string(), std::string("a"), std::string("ab"),
                                   std::string("abc"), std::string("\0\xff\0\0", 4)}) {
    CHECK(from_base64(to_base64(bytes)) == bytes);
  }
  for (const char* wrong :
       {"=", "====", "YQ", "YQ=", "YR==", "YQ==\n", " YQ==", "Y=Q=", "Y*==", "YWI=YQ=="}) {
    INFO(wrong);
    CHECK_FALSE(from_base64(wrong));
  }
}
