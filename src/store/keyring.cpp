#include "store/keyring.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace halcyon {

Keyring::Keyring(const std::string& signing, const std::vector<std::string>& trusted) {
  const auto malformed = [](const std::string& variable, const std::string& what) {
    return Error("keys::malformed", variable + " has " + what)
        .fix("halcyon keys create\nmakes a pair of keys and prints how to set them");
  };
  for (const std::string& text : trusted) {
    const auto key = PublicKey::parse(text);
    if (!key) throw malformed("HALCYON_TRUSTED_KEYS", "a word that is no public key");
    trusted_.push_back(*key);
  }
  if (signing.empty()) return;
  signing_ = SecretKey::parse(signing);
  if (!signing_) throw malformed("HALCYON_SIGNING_KEY", "a value that is no secret key");
  if (is_strict() && std::find(trusted_.begin(), trusted_.end(), signer()) == trusted_.end()) {
    throw Error("keys::untrusted", "HALCYON_SIGNING_KEY is not the key of any trusted one")
        .why("What is built here would be refused here: HALCYON_TRUSTED_KEYS does not have " +
             signer().text())
        .fix("heroku config:set HALCYON_TRUSTED_KEYS='" + signer().text() +
             " ...'\nor take the signing key out: heroku config:unset HALCYON_SIGNING_KEY");
  }
}

void Keyring::sign(Manifest& manifest) const {
  if (!signing_) return;
  manifest.signature = signer().text() + " " + to_base64(signing_->sign(manifest.statement()));
}

Manifest Keyring::read(std::string_view text, const std::string& key,
                       const std::string& origin) const {
  Manifest manifest = Manifest::parse(text, origin);
  if (manifest.archive != key) {
    throw Error("manifest::foreign",
                origin + " is the manifest of another archive, " + manifest.archive);
  }
  if (!is_strict()) return manifest;
  const auto untrusted = [&origin](const std::string& why) {
    return Error("manifest::untrusted", "Nobody who is trusted has signed " + origin).why(why);
  };
  if (manifest.signature.empty()) throw untrusted("it is not signed");
  const std::vector<std::string> parts = words(manifest.signature);
  const auto signer = parts.size() == 2 ? PublicKey::parse(parts[0]) : std::nullopt;
  const auto signature = parts.size() == 2 ? from_base64(parts[1]) : std::nullopt;
  if (!signer || !signature) throw untrusted("its signature cannot be read");
  if (std::find(trusted_.begin(), trusted_.end(), *signer) == trusted_.end()) {
    throw untrusted("it is signed by " + signer->text() + ", which HALCYON_TRUSTED_KEYS has not");
  }
  if (!signer->verifies(manifest.statement(), *signature)) {
    throw untrusted("its signature is not that of " + signer->text());
  }
  return manifest;
}

bool is_bad_manifest(const Error& error) { return error.id().starts_with("manifest::"); }

}  // namespace halcyon
