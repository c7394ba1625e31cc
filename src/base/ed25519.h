#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Ed25519 signatures (RFC 8032) over OpenSSL. Keys are kept as text of one word.
namespace halcyon {

/// Who may be believed: "ed25519:" and 32 bytes in base64.
class PublicKey {
 public:
  /// Nothing for any other text.
  static std::optional<PublicKey> parse(std::string_view text);
  std::string text() const;
  /// Whether whoever has the secret key has signed this message. `signature` is raw.
  bool verifies(std::string_view message, std::string_view signature) const;
  bool operator==(const PublicKey&) const = default;

 private:
  friend class SecretKey;
  explicit PublicKey(std::string raw) : raw_(std::move(raw)) {}
  std::string raw_;
};

/// What signs: "ed25519-secret:" and 32 bytes in base64.
class SecretKey {
 public:
  /// A new one, from OpenSSL's random numbers.
  static SecretKey create();
  /// Nothing for any other text.
  static std::optional<SecretKey> parse(std::string_view text);
  std::string text() const;
  PublicKey public_key() const;
  /// The raw signature, 64 bytes.
  std::string sign(std::string_view message) const;

 private:
  explicit SecretKey(std::string raw) : raw_(std::move(raw)) {}
  std::string raw_;
};

}  // namespace halcyon
