#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "archive/codec.h"
#include "base/stream.h"

/// Trees in and out of archives, as streams (tar in the pax form, user guide "Package tiers").
namespace halcyon {

/// What went through a pack or an unpack.
struct ArchiveStats {
  std::uint64_t entries = 0;
  std::uint64_t tree_bytes = 0;  ///< bytes of regular files
};

/// What a pack is told besides the tree.
struct PackOptions {
  /// What comes first, in this order: files, or directories with all that is in them. They must be
  /// there.
  std::vector<std::string> first;
  /// Not empty: the last entry is a file of this name with the list of all others, taken while
  /// they are read. A file of that name in the tree is left out.
  std::string list;
  std::function<bool(const std::filesystem::path&)>
      skip;  ///< leaves entries out, and what is below
  Effort effort = Effort::quick;
  const EarlierArchive* earlier = nullptr;  ///< what it has is not packed again
};

/// Archives the contents of `dir` to `out`, compressed, sorted by name. Owners are not recorded;
/// modes, times (ns), symbolic and hard links are; sockets and devices raise an Error. Where a list
/// is asked for, its text goes to `*listed` too.
ArchiveStats pack(const std::filesystem::path& dir, Sink& out, Format format, unsigned threads,
                  const PackOptions& options = {}, std::string* listed = nullptr);

struct UnpackOptions {
  /// Not empty: only the entries at the start that are one of these, or below one. What follows the
  /// last of them is read, but neither decoded nor judged.
  std::vector<std::string> first;
  std::uint64_t max_entries = 2'000'000;
  std::uint64_t max_bytes = 64ULL << 30U;  ///< of regular files
  unsigned threads = 2;
  CheckedBy checked_by = CheckedBy::decoder;
};

/// Unpacks an archive into `dir` (made when missing, else must be empty or ours). Absolute names,
/// `..`, links that lead out of `dir`, entries under a link, devices and set-id bits are refused
/// (Error "archive::unsafe-entry", naming the entry). An archive that ends early or does not decode
/// raises "archive::truncated" / "archive::corrupt". Owners are ours. The caller gives a temporary
/// directory and renames it when all is well. Reads `in` to its end.
/// A symbolic link may be absolute only when `dir`'s final place `home` contains its target:
/// layers refer to themselves by absolute path.
ArchiveStats unpack(Source& in, const std::filesystem::path& dir, const std::filesystem::path& home,
                    const UnpackOptions& options = {});

/// The place of a path among names, of which it is one or is below one; their number when it is
/// not.
std::size_t place_among(const std::vector<std::string>& names, const std::filesystem::path& path);

}  // namespace halcyon
