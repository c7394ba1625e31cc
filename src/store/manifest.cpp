#include "store/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "archive/codec.h"
#include "base/error.h"
#include "base/text.h"
#include "store/storage.h"

namespace halcyon {

namespace {

/// The first line. Before there were versions, it was the SHA-256.
constexpr std::string_view version_line = "halcyon-manifest: 2";

/// The lines before the tag, by name; each is there once.
std::map<std::string, std::string> parse_fields(std::string_view text, const std::string& origin) {
  std::map<std::string, std::string> fields;
  for (const std::string& line : lines(text)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos ||
        !fields.emplace(line.substr(0, colon), line.substr(colon + 2)).second) {
      throw Error("manifest::malformed", "Cannot read the manifest " + origin)
          .why("unexpected line: " + line.substr(0, 200));
    }
  }
  return fields;
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string Manifest::statement() const {
  return fmt::format("{}\narchive: {}\narchive-sha256: {}\narchive-bytes: {}\ntree-bytes: {}\n\n{}",
                     version_line, archive, sha256, bytes, tree_bytes, tag);
}

std::string Manifest::format() const {
  std::string text = statement();
  if (!signature.empty()) {
    text.insert(version_line.size() + 1, "signature: " + signature + "\n");
  }
  return text;
}

Manifest Manifest::parse(std::string_view text, const std::string& origin) {
  const auto malformed = [&origin](const std::string& why) {
    return Error("manifest::malformed", "Cannot read the manifest " + origin).why(why);
  };
  const std::size_t end = text.find("\n\n");
  const std::string_view first = text.substr(0, text.find('\n'));
  if (first != version_line) {
    if (!first.starts_with("archive-sha256: ") && !first.starts_with("halcyon-manifest: ")) {
      throw malformed("it does not begin as one");
    }
    throw Error("manifest::other-version",
                "Another version of Halcyon wrote the manifest " + origin);
  }
  if (end == std::string_view::npos) throw malformed("it has no tag");
  const auto fields = parse_fields(text.substr(0, end), origin);
  Manifest manifest;
  manifest.tag = text.substr(end + 2);
  for (const auto& [name, value] : fields) {
    if (name == "archive") {
      manifest.archive = value;
    } else if (name == "archive-sha256") {
      manifest.sha256 = value;
    } else if (name == "signature") {
      manifest.signature = value;
    } else if (name == "archive-bytes" || name == "tree-bytes") {
      const auto number = parse_number(value);
      if (!number) throw malformed("not a number: " + value.substr(0, 200));
      (name == "tree-bytes" ? manifest.tree_bytes : manifest.bytes) = *number;
    } else if (name != "halcyon-manifest") {
      throw malformed("unexpected line: " + name.substr(0, 200));
    }
  }
  const auto is_control = [](char c) { return c >= 0 && c < ' '; };
  if (std::any_of(manifest.signature.begin(), manifest.signature.end(), is_control)) {
    throw malformed("its signature cannot be read");
  }
  if (!is_digest(manifest.sha256)) throw malformed("it has no SHA-256");
  if (!is_key(manifest.archive)) throw malformed("it does not say which archive it belongs to");
  return manifest;
}

std::string manifest_name(std::string_view archive) {
  return std::string(archive).append(manifest_suffix);
}

std::string unsent_name(std::string_view archive) {
  return std::string(archive).append(unsent_suffix);
}

std::string companion_name(std::string_view archive) {
  return std::string(archive.substr(0, archive.rfind(".tar."))).append(companion_suffix);
}

std::string without_suffixes(std::string_view name) {
  for (const std::string_view suffix : {manifest_suffix, unsent_suffix, companion_suffix}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  return std::string(without_archive_suffix(name));
}

}  // namespace halcyon
