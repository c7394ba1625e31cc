#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace halcyon {

/// What stands beside every archive, as NAME.manifest: what is in it (the tag, word for word) and
/// how to tell that it is whole. Written after the archive, so that an archive with a manifest is
/// complete; one without is treated as absent.
struct Manifest {
  std::string tag;               ///< the text of the layer's `tag` file
  std::string sha256;            ///< of the archive
  std::uint64_t bytes = 0;       ///< of the archive
  std::uint64_t tree_bytes = 0;  ///< of the files in it

  std::string format() const;
  /// Raises Error "manifest::malformed"; `origin` names the file.
  static Manifest parse(std::string_view text, const std::string& origin);
};

/// "x.tar.xz" -> "x.tar.xz.manifest".
std::string manifest_name(std::string_view archive);

/// "x.tar.gz" -> "x.cabal.config": the copy of a sandbox's constraints beside its archive (user
/// guide, "Sandbox packages").
std::string companion_name(std::string_view archive);

}  // namespace halcyon
