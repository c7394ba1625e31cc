#include "archive/file_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr std::string_view version_line = "halcyon-files: 1";
constexpr unsigned permissions = 0777;

bool is_escaped(char c) { return (c >= 0 && c <= ' ') || c == '\\' || c == 0x7f; }

std::string escape(std::string_view name) {
  std::string text;
  for (const char c : name) {
    text += is_escaped(c) ? "\\x" + to_hex({&c, 1}) : std::string(1, c);
  }
  return text;
}

/// Nothing where it is not what `escape` makes of a name.
std::optional<std::string> unescape(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits =
        text.substr(i, 4).substr(std::min<std::size_t>(2, text.size() - i));
    const char* const end = digits.data() + digits.size();
    if (digits.size() != 2 || std::from_chars(digits.data(), end, value, 16).ptr != end) return {};
    name += static_cast<char>(value);
    i += 3;
  }
  if (escape(name) != text) return {};
  return name;
}

/// A relative path without empty parts, "." and "..".
bool is_inside(const std::string& path) {
  const std::vector<std::string> parts = split(path, '/');
  return std::none_of(parts.begin(), parts.end(), [](const std::string& part) {
    return part.empty() || part == "." || part == ".." || part.find('\0') != std::string::npos;
  });
}

std::optional<unsigned> parse_mode(const std::string& text) {
  unsigned mode = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, mode, 8);
  if (code != std::errc() || rest != end || mode > permissions) return {};
  return mode;
}

/// The path and the entry of a line; nothing where it is not one.
std::optional<std::pair<std::string, FileEntry>> parse_line(const std::string& line) {
  const std::vector<std::string> fields = split(line, ' ');
  FileEntry entry;
  std::optional<std::string> path;
  if (fields[0] == "f" && fields.size() == 5) {
    const auto mode = parse_mode(fields[1]);
    const auto size = parse_number(fields[2]);
    const bool is_digest = fields[3].size() == 64 &&
                           fields[3].find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!mode || !size || !is_digest) return {};
    entry = {FileEntry::Type::file, *mode, *size, fields[3], {}};
    path = unescape(fields[4]);
  } else if (fields[0] == "d" && fields.size() == 3) {
    const auto mode = parse_mode(fields[1]);
    if (!mode) return {};
    entry = {FileEntry::Type::directory, *mode, 0, {}, {}};
    path = unescape(fields[2]);
  } else if (fields[0] == "l" && fields.size() == 3) {
    const auto target = unescape(fields[2]);
    if (!target || target->empty()) return {};
    entry = {FileEntry::Type::link, 0, 0, {}, *target};
    path = unescape(fields[1]);
  }
  if (!path || !is_inside(*path)) return {};
  return std::pair{*path, entry};
}

const char* name_of(FileEntry::Type type) {
  switch (type) {
    case FileEntry::Type::file:
      return "file";
    case FileEntry::Type::directory:
      return "directory";
    case FileEntry::Type::link:
      return "link";
  }
  return "";
}

/// How an entry differs from what it should be; empty when it does not.
std::string difference(const FileEntry& expected, const FileEntry& actual) {
  if (actual.type != expected.type) {
    return fmt::format("it is a {}, not a {}", name_of(actual.type), name_of(expected.type));
  }
  if (actual.target != expected.target) return "it leads to another place";
  if (actual.size != expected.size) {
    return fmt::format("it has {} bytes, not {}", actual.size, expected.size);
  }
  if (actual.sha256 != expected.sha256) return "its content is another one";
  if (actual.mode != expected.mode) {
    return fmt::format("its mode is {:o}, not {:o}", actual.mode, expected.mode);
  }
  return {};
}

}  // namespace

FileEntry describe_entry(const fs::path& file, const struct stat& info) {
  FileEntry entry;
  if (S_ISLNK(info.st_mode)) {
    entry.type = FileEntry::Type::link;
    entry.target = fs::read_symlink(file).string();
    return entry;
  }
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    throw Error("archive::unsupported-file", "Cannot archive " + file.string())
        .why("It is neither a file, a directory nor a link");
  }
  entry.mode = info.st_mode & permissions;
  if (S_ISDIR(info.st_mode)) {
    entry.type = FileEntry::Type::directory;
  } else {
    entry.size = static_cast<std::uint64_t>(info.st_size);
  }
  return entry;
}

FileList list_files(const fs::path& dir, const std::function<bool(const fs::path&)>& skip) {
  FileList files;
  std::map<std::pair<dev_t, ino_t>, std::string> known;  // hard links are read once
  for (const fs::path& path : walk(dir, skip)) {
    const fs::path file = dir / path;
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0) {
      throw system_error("Cannot look at " + file.string(), errno);
    }
    FileEntry entry = describe_entry(file, info);
    if (entry.type == FileEntry::Type::file) {
      std::string& digest = known[{info.st_dev, info.st_ino}];
      if (digest.empty()) digest = sha256_file(file);
      entry.sha256 = digest;
    }
    files.emplace(path.string(), std::move(entry));
  }
  return files;
}

std::string format_files(const FileList& files) {
  std::string text = std::string(version_line) + "\n";
  for (const auto& [path, entry] : files) {
    const std::string name = escape(path);
    switch (entry.type) {
      case FileEntry::Type::file:
        text += fmt::format("f {:o} {} {} {}\n", entry.mode, entry.size, entry.sha256, name);
        break;
      case FileEntry::Type::directory:
        text += fmt::format("d {:o} {}\n", entry.mode, name);
        break;
      case FileEntry::Type::link:
        text += fmt::format("l {} {}\n", name, escape(entry.target));
        break;
    }
  }
  return text;
}

FileList parse_files(std::string_view text, const std::string& origin) {
  FileList files;
  const std::vector<std::string> all = lines(text);
  const auto malformed = [&origin](const std::string& why) {
    return Error("files::malformed", "Cannot read the list of files " + origin).why(why);
  };
  if (all.empty() || all.front() != version_line) throw malformed("It does not begin as one");
  for (std::size_t i = 1; i < all.size(); ++i) {
    auto entry = parse_line(all[i]);
    if (!entry || (!files.empty() && files.rbegin()->first >= entry->first)) {
      throw malformed("Unexpected line: " + all[i].substr(0, 200));
    }
    files.emplace_hint(files.end(), std::move(*entry));
  }
  return files;
}

std::vector<std::string> differences(const FileList& expected, const FileList& actual) {
  std::vector<std::string> found;
  for (const auto& [path, entry] : expected) {
    const auto there = actual.find(path);
    const std::string what =
        there == actual.end() ? "it is missing" : difference(entry, there->second);
    if (!what.empty()) found.push_back(escape(path) + ": " + what);
  }
  for (const auto& [path, entry] : actual) {
    if (!expected.contains(path)) found.push_back(escape(path) + ": it does not belong there");
  }
  return found;
}

}  // namespace halcyon
