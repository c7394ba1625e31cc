#include "store/keyring.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "base/error_id.h"

using namespace halcyon;
using test::error_id;

namespace {

const std::string key = "os/halcyon-text-a.tar.gz";

Manifest sample() {
  Manifest manifest;
  manifest.archive = key;
  manifest.tag = "tier: text\n";
  manifest.sha256 = sha256("content");
  manifest.bytes = 7;
  manifest.tree_bytes = 12;
  return manifest;
}

}  // namespace

TEST_CASE("malformed keys are told before anything is done", "[store]") {
  const SecretKey secret = SecretKey::create();
  const std::string ours = secret.public_key().text();
  const auto error = [](const std::string& signing, const std::vector<std::string>& trusted) {
    return error_id([&] { Keyring(signing, trusted); });
  };
  CHECK(error("", {}).empty());
  CHECK(error(secret.text(), {}).empty());
  CHECK(error(secret.text(), {SecretKey::create().public_key().text(), ours}).empty());
  CHECK(error("", {ours}).empty());
  CHECK(error("nonsense", {}) == "keys::malformed");
  CHECK(error(ours, {}) == "keys::malformed");
  CHECK(error("", {ours, "nonsense"}) == "keys::malformed");
  CHECK(error("", {secret.text()}) == "keys::malformed");
  CHECK(error(secret.text(), {SecretKey::create().public_key().text()}) == "keys::untrusted");
  try {  // whatever is wrong, it does not tell the secret
    Keyring(secret.text() + "x", {secret.text()});
    FAIL("no error");
  } catch (const Error& told) {
    const std::string text = told.what() + told.why() + told.fix();
    CHECK(text.find(secret.text().substr(20, 10)) == std::string::npos);
  }
}

TEST_CASE("every word that is signed counts", "[store]") {
  const SecretKey secret = SecretKey::create();
  const Keyring keys(secret.text(), {secret.public_key().text()});
  Manifest manifest = sample();
  keys.sign(manifest);
  CHECK(keys.read(manifest.format(), key, "test").tag == manifest.tag);
  const auto refused = [&](const Manifest& changed) {
    return error_id([&] { keys.read(changed.format(), changed.archive, "test"); });
  };
  for (int field = 0; field < 5; ++field) {
    Manifest changed = manifest;
    if (field == 0) changed.archive = "os/halcyon-text-b.tar.gz";
    if (field == 1) changed.tag = "tier: txet\n";
    if (field == 2) changed.sha256 = sha256("other");
    if (field == 3) changed.bytes = 8;
    if (field == 4) changed.tree_bytes = 13;
    INFO(field);
    CHECK(refused(changed) == "manifest::untrusted");
  }
  for (const std::string& signature :
       {std::string(), std::string("x"), secret.public_key().text(),
        secret.public_key().text() + " nonsense", manifest.signature + " more"}) {
    Manifest changed = manifest;
    changed.signature = signature;
    INFO(signature);
    CHECK(refused(changed) == "manifest::untrusted");
  }
  CHECK(error_id([&] { keys.read(manifest.format(), "os/other.tar.gz", "test"); }) ==
        "manifest::foreign");
}
