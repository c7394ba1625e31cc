#include "store/manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace halcyon {

std::string Manifest::format() const {
  return fmt::format("archive-sha256: {}\narchive-bytes: {}\ntree-bytes: {}\n\n{}", sha256, bytes,
                     tree_bytes, tag);
}

Manifest Manifest::parse(std::string_view text, const std::string& origin) {
  const auto malformed = [&origin](const std::string& why) {
    return Error("manifest::malformed", "Cannot read the manifest " + origin).why(why);
  };
  const std::size_t end = text.find("\n\n");
  if (end == std::string_view::npos) throw malformed("it has no tag");
  Manifest manifest;
  manifest.tag = text.substr(end + 2);
  for (const std::string& line : lines(text.substr(0, end))) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) throw malformed("unexpected line: " + line);
    const std::string name = line.substr(0, colon);
    const std::string value = line.substr(colon + 2);
    if (name == "archive-sha256") {
      manifest.sha256 = value;
    } else if (name == "archive-bytes" || name == "tree-bytes") {
      const auto number = parse_number(value);
      if (!number) throw malformed("not a number: " + line);
      (name == "tree-bytes" ? manifest.tree_bytes : manifest.bytes) = *number;
    }
  }
  const auto hexadecimal = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (manifest.sha256.size() != 64 ||
      !std::all_of(manifest.sha256.begin(), manifest.sha256.end(), hexadecimal)) {
    throw malformed("it has no SHA-256");
  }
  return manifest;
}

std::string manifest_name(std::string_view archive) { return std::string(archive) + ".manifest"; }

std::string companion_name(std::string_view archive) {
  return std::string(archive.substr(0, archive.rfind(".tar."))) + ".cabal.config";
}

}  // namespace halcyon
