#include "store/storage.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace halcyon {

namespace {

/// S3's limit.
constexpr std::size_t kLongestKey = 1024;

/// Bytes that follow the first one of a UTF-8 sequence; -1 when none can begin with it.
int continuation_bytes(unsigned char first) {
  if (first < 0x80) return 0;
  if (first >= 0xc2 && first < 0xe0) return 1;
  if (first >= 0xe0 && first < 0xf0) return 2;
  if (first >= 0xf0 && first < 0xf5) return 3;
  return -1;
}

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const int more = continuation_bytes(first);
    if (more < 0 || text.size() - i <= static_cast<std::size_t>(more)) return false;
    for (int k = 1; k <= more; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
      if ((byte & 0xc0U) != 0x80U) return false;
    }
    if (more >= 2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
          (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
        return false;
      }
    }
    i += static_cast<std::size_t>(more) + 1;
  }
  return true;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

bool is_key(std::string_view text) {
  if (text.empty() || text.size() > kLongestKey) return false;
  if (!is_utf8(text) || std::any_of(text.begin(), text.end(), is_control)) return false;
  const std::vector<std::string> parts = split(text, '/');
  return std::none_of(parts.begin(), parts.end(), [](const std::string& part) {
    return part.empty() || part == "." || part == ".." || is_temporary_name(part);
  });
}

void check_key(std::string_view key) {
  if (is_key(key)) return;
  throw Error("storage::bad-key", "'" + std::string(key) + "' is not a name for a stored file")
      .why(
          "It must be a relative path in UTF-8 of at most 1024 bytes, without empty, '.' or '..' "
          "parts, control characters, or parts that look like '.*.tmp'");
}

bool is_temporary_name(std::string_view name) {
  return name.size() > 5 && name.starts_with('.') && name.ends_with(".tmp");
}

bool is_damage(const Error& error) {
  return error.id() == "storage::corrupt" || error.id() == "storage::changed" ||
         error.id() == "stream::too-long";
}

bool Storage::put(std::string_view key, const fs::path& file, const std::string& sha256,
                  IfThere if_there) {
  FileSource source(file);
  std::error_code no_file;  // which the first read tells
  const std::uintmax_t size = fs::file_size(file, no_file);
  const auto upload = begin(key, if_there, {.sha256 = sha256, .bytes = no_file ? 0 : size});
  std::vector<std::byte> buffer(256U << 10U);
  while (const std::size_t count = source.read(buffer)) {
    upload->write(std::span(buffer).first(count));
  }
  return upload->commit(sha256);
}

std::optional<std::string> read_small(Storage& storage, const std::string& key) {
  for (bool again = false;; again = true) {
    StringSink text(largest_small_file);
    try {
      if (!storage.get(key, text)) return {};
      return std::move(text.text);
    } catch (const Error& error) {
      if (again || !is_damage(error)) throw;
    }
  }
}

}  // namespace halcyon
