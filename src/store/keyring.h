#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ed25519.h"
#include "base/error.h"
#include "store/manifest.h"

namespace halcyon {

/// Who signs archives here, and whose archives are used (docs/signing.md). With neither, which is
/// the default, nothing is signed and everything that is whole is used.
class Keyring {
 public:
  Keyring() = default;
  /// The texts of HALCYON_SIGNING_KEY, which may be empty, and HALCYON_TRUSTED_KEYS. Raises Error
  /// "keys::malformed", and "keys::untrusted" where what is signed here would be refused here.
  Keyring(const std::string& signing, const std::vector<std::string>& trusted);

  /// Whether only what a trusted key has signed is used.
  bool is_strict() const { return !trusted_.empty(); }
  bool can_sign() const { return signing_.has_value(); }
  /// Whether an archive made here could be used here.
  bool can_keep() const { return can_sign() || !is_strict(); }
  const std::vector<PublicKey>& trusted() const { return trusted_; }
  /// The public part of the signing key; call only where there is one.
  PublicKey signer() const { return signing_->public_key(); }

  /// Signs the manifest, where there is a key.
  void sign(Manifest& manifest) const;
  /// Reads the manifest that stands beside the archive `key`. Raises Error "manifest::malformed",
  /// "manifest::other-version", "manifest::foreign" when it is another archive's, and
  /// "manifest::untrusted" when no trusted key has signed it. `origin` names the file.
  Manifest read(std::string_view text, const std::string& key, const std::string& origin) const;

 private:
  std::optional<SecretKey> signing_;
  std::vector<PublicKey> trusted_;
};

/// Whether an Error is one of Keyring::read: the archive beside the manifest counts as absent.
bool is_bad_manifest(const Error& error);

}  // namespace halcyon
