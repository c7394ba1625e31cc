#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/error.h"
#include "base/files.h"
#include "base/stream.h"

namespace halcyon {
namespace {

void require(bool done) {
  if (!done) throw Error("digest::failed", "Cannot compute a digest");
}

std::string hash(Digest::Algorithm algorithm, std::span<const std::byte> bytes) {
  Digest digest(algorithm);
  digest.update(bytes);
  return digest.hex();
}

}  // namespace

void Digest::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Digest::Digest(Algorithm algorithm) {
  // Before anything else of OpenSSL's: the host's configuration is none of our business.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  context_.reset(EVP_MD_CTX_new());
  require(context_ != nullptr);
  const EVP_MD* method = algorithm == Algorithm::sha1 ? EVP_sha1() : EVP_sha256();
  require(EVP_DigestInit_ex(context_.get(), method, nullptr) == 1);
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

void Digest::update(std::string_view text) { update(std::as_bytes(std::span(text))); }

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_.get(), value.data(), &size) == 1);
  return to_hex({reinterpret_cast<const char*>(value.data()), size});
}

std::string sha1(std::string_view text) {
  return hash(Digest::Algorithm::sha1, std::as_bytes(std::span(text)));
}
std::string sha256(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }
std::string sha256(std::span<const std::byte> bytes) {
  return hash(Digest::Algorithm::sha256, bytes);
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  unsigned size = 0;
  require(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(text.data()), text.size(), value.data(),
               &size) != nullptr);
  return {reinterpret_cast<const char*>(value.data()), size};
}

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    text += digits[value >> 4U];
    text += digits[value & 15U];
  }
  return text;
}

std::string to_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes(3 * (text.size() / 4), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return {};
  bytes.resize(static_cast<std::size_t>(size));
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '=' && !bytes.empty(); --i) {
    bytes.pop_back();
  }
  // OpenSSL passes over white space, and bits that nothing is made of.
  if (to_base64(bytes) != text) return {};
  return bytes;
}

std::string sha256_file(const fs::path& file) {
  FileSource source(file);
  return HashingSource(source).finish();
}

std::string tree_digest(const fs::path& dir, const std::function<bool(const fs::path&)>& skip) {
  Digest digest(Digest::Algorithm::sha1);
  for (const fs::path& path : walk(dir, skip)) {
    const fs::path entry = dir / path;
    const fs::file_status status = fs::symlink_status(entry);
    std::string line;
    if (fs::is_symlink(status)) {
      line = "link " + sha256(fs::read_symlink(entry).string());
    } else if (fs::is_regular_file(status)) {
      const bool executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
      line = (executable ? "program " : "file ") + sha256_file(entry);
    } else {
      continue;  // directories have no content of their own
    }
    // NUL ends the name: no name can look like another entry.
    digest.update(line + " " + path.string() + '\0');
  }
  return digest.hex();
}

}  // namespace halcyon
