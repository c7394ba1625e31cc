#include "base/text.h"
#include "fuzz.h"
#include "store/keyring.h"

/// The first line is a key, the second a signature; both come from others. Nothing verifies by it.
HALCYON_FUZZ(keys, text) {
  const auto all = halcyon::lines(text);
  if (all.empty()) return;
  if (const auto secret = halcyon::SecretKey::parse(all[0])) {
    halcyon::fuzz::require(secret->text() == all[0]);
  }
  const auto key = halcyon::PublicKey::parse(all[0]);
  if (!key) return;
  halcyon::fuzz::require(key->text() == all[0]);
  const halcyon::Keyring keys("", {all[0]});
  halcyon::Manifest manifest;
  manifest.archive = "os/a.tar.gz";
  manifest.sha256 = std::string(64, 'a');
  manifest.signature = all.size() > 1 ? all[1] : "";
  keys.read(manifest.format(), manifest.archive, "fuzz");
}
