#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace halcyon {

/// What stands beside every archive, as NAME.manifest: what is in it (the tag, word for word), how
/// to tell that it is whole, and who made it. Written after the archive, so that an archive with a
/// manifest is complete; one without is treated as absent.
struct Manifest {
  std::string archive;      ///< the archive's key: "linux-debian-12-x64/halcyon-ghc-9.0.2.tar.xz"
  std::string tag;          ///< the text of the layer's `tag` file
  std::string sha256;       ///< of the archive
  std::uint64_t bytes = 0;  ///< of the archive
  std::uint64_t tree_bytes = 0;  ///< of the files in it
  std::string signature;         ///< of the statement, by Keyring::sign; empty: none

  /// What is signed: all of the above but the signature, in one form.
  std::string statement() const;
  std::string format() const;
  /// Raises Error "manifest::malformed"; "manifest::other-version" where another version of ours
  /// wrote it. `origin` names the file.
  static Manifest parse(std::string_view text, const std::string& origin);
};

/// What stands beside an archive has its name and one of these at the end; the last one instead of
/// the archive's own.
inline constexpr std::string_view manifest_suffix = ".manifest";
inline constexpr std::string_view unsent_suffix = ".unsent";
inline constexpr std::string_view companion_suffix = ".cabal.config";

/// "x.tar.xz" -> "x.tar.xz.manifest".
std::string manifest_name(std::string_view archive);

/// "x.tar.xz" -> "x.tar.xz.unsent": stands beside an archive in the cache until storage has it.
std::string unsent_name(std::string_view archive);

/// "x.tar.gz" -> "x.cabal.config": the copy of a sandbox's constraints beside its archive (user
/// guide, "Sandbox packages").
std::string companion_name(std::string_view archive);

/// What the names of an archive and of all that stands beside it begin with; any other name as it
/// is.
std::string without_suffixes(std::string_view name);

}  // namespace halcyon
