#include "base/ed25519.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <memory>

#include "base/digest.h"
#include "base/error.h"

namespace halcyon {
namespace {

constexpr std::string_view public_prefix = "ed25519:";
constexpr std::string_view secret_prefix = "ed25519-secret:";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t signature_bytes = 64;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

void require(bool done) {
  if (!done) throw Error("ed25519::failed", "OpenSSL cannot work with Ed25519 keys");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// The 32 bytes of a key's text.
std::optional<std::string> parse_key(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return {};
  auto raw = from_base64(text.substr(prefix.size()));
  if (!raw || raw->size() != key_bytes) return {};
  return raw;
}

Key open_secret(const std::string& raw) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw), raw.size()));
  require(key != nullptr);
  return key;
}

}  // namespace

std::optional<PublicKey> PublicKey::parse(std::string_view text) {
  auto raw = parse_key(text, public_prefix);
  if (!raw) return {};
  return PublicKey(std::move(*raw));
}

std::string PublicKey::text() const { return std::string(public_prefix) + to_base64(raw_); }

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  if (signature.size() != signature_bytes) return false;
  const Key key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw_), raw_.size()));
  if (key == nullptr) return false;  // not a point of the curve
  const Context context(EVP_MD_CTX_new());
  require(context != nullptr);
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

SecretKey SecretKey::create() {
  std::string raw(key_bytes, '\0');
  require(RAND_priv_bytes(reinterpret_cast<unsigned char*>(raw.data()), key_bytes) == 1);
  return SecretKey(std::move(raw));
}

std::optional<SecretKey> SecretKey::parse(std::string_view text) {
  auto raw = parse_key(text, secret_prefix);
  if (!raw) return {};
  return SecretKey(std::move(*raw));
}

std::string SecretKey::text() const { return std::string(secret_prefix) + to_base64(raw_); }

PublicKey SecretKey::public_key() const {
  std::array<unsigned char, key_bytes> raw{};
  std::size_t size = raw.size();
  require(EVP_PKEY_get_raw_public_key(open_secret(raw_).get(), raw.data(), &size) == 1);
  return PublicKey(std::string(reinterpret_cast<const char*>(raw.data()), size));
}

std::string SecretKey::sign(std::string_view message) const {
  const Key key = open_secret(raw_);
  const Context context(EVP_MD_CTX_new());
  require(context != nullptr);
  std::array<unsigned char, signature_bytes> signature{};
  std::size_t size = signature.size();
  require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
          EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message),
                         message.size()) == 1);
  return {reinterpret_cast<const char*>(signature.data()), size};
}

}  // namespace halcyon
