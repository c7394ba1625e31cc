#include "archive/codec.h"

#include <array>
#include <utility>

#include "base/error.h"

namespace halcyon {
namespace {

constexpr std::array<std::pair<Format, std::string_view>, 3> suffixes{
    {{Format::gzip, ".tar.gz"}, {Format::xz, ".tar.xz"}, {Format::zstd, ".tar.zst"}}};

}  // namespace

std::string_view archive_suffix(Format format) {
  for (const auto& [known, suffix] : suffixes) {
    if (known == format) return suffix;
  }
  return {};
}

Format format_of_name(std::string_view name) {
  for (const auto& [format, suffix] : suffixes) {
    if (name.ends_with(suffix)) return format;
  }
  throw Error("archive::unknown-format", "Not an archive's name: " + std::string(name))
      .why("Known are .tar.gz, .tar.xz and .tar.zst");
}

std::string_view without_archive_suffix(std::string_view name) {
  for (const auto& [format, suffix] : suffixes) {
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

std::vector<std::string> names_in_all_formats(const std::string& name) {
  std::vector<std::string> names{name};
  for (const auto& [format, suffix] : suffixes) {
    std::string other = std::string(without_archive_suffix(name)) + std::string(suffix);
    if (other != name) names.push_back(std::move(other));
  }
  return names;
}

Format parse_format(std::string_view name) {
  if (name == "gzip") return Format::gzip;
  if (name == "xz") return Format::xz;
  if (name == "zstd") return Format::zstd;
  throw Error("archive::unknown-format", "Unknown archive format: " + std::string(name))
      .why("Known are gzip, xz and zstd");
}

}  // namespace halcyon
