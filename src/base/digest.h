#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

/// Digests over OpenSSL. Results are lower-case hexadecimal.
namespace halcyon {

/// A running digest.
class Digest {
 public:
  enum class Algorithm { sha1, sha256 };
  explicit Digest(Algorithm algorithm = Algorithm::sha256);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);
  /// Ends the digest; call once.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string sha1(std::string_view text);
std::string sha256(std::string_view text);
std::string sha256(std::span<const std::byte> bytes);
/// Raw (binary) HMAC-SHA-256, 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);
std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);
/// The bytes that to_base64 makes this text of; nothing for any other text.
std::optional<std::string> from_base64(std::string_view text);
/// SHA-256 of a file's content.
std::string sha256_file(const std::filesystem::path& file);
/// SHA-1 over the sorted list of (relative path, kind, executable bit, content digest or link
/// target) of a tree; `skip(relative path)` leaves entries out. Times do not count. An app's
/// source digest is made by it.
std::string tree_digest(const std::filesystem::path& dir,
                        const std::function<bool(const std::filesystem::path&)>& skip = nullptr);

}  // namespace halcyon
