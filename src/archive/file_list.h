#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace halcyon {

/// One file, directory or symbolic link. Hard links are files like any other.
struct FileEntry {
  enum class Type : char { file = 'f', directory = 'd', link = 'l' };
  Type type = Type::file;
  unsigned mode = 0;       ///< permission bits; of a link 0, for it has none
  std::uint64_t size = 0;  ///< of a file
  std::string sha256;      ///< of a file's content
  std::string target;      ///< of a link
  bool operator==(const FileEntry&) const = default;
};

/// What is in a tree, by relative path. Times and owners are not: they are not what a tree is.
using FileList = std::map<std::string, FileEntry>;

/// All that lstat tells of an entry; a file's digest is left to whoever reads it. Raises Error
/// "archive::unsupported-file" for what is neither file, directory nor link.
FileEntry describe_entry(const std::filesystem::path& file, const struct stat& info);

/// Reads a whole tree. `skip(relative path)` leaves an entry, and what is below it, out.
FileList list_files(const std::filesystem::path& dir,
                    const std::function<bool(const std::filesystem::path&)>& skip = nullptr);

/// As text: a line each, "f MODE SIZE SHA256 PATH", "d MODE PATH" or "l PATH TARGET", in the order
/// of the paths, after a line that tells the version. Control characters, blanks and backslashes
/// in names are \xHH.
std::string format_files(const FileList& files);
/// Raises Error "files::malformed": also for names that are absolute or lead out, that are there
/// twice or not in order. `origin` names the file.
FileList parse_files(std::string_view text, const std::string& origin);

/// What differs, a line each: "bin/ghc: its content is another one".
std::vector<std::string> differences(const FileList& expected, const FileList& actual);

}  // namespace halcyon
