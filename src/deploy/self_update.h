#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/process.h"
#include "options/options.h"

/// The program's own update (programmer's reference, HALCYON_URL and HALCYON_NO_SELFUPDATE).
namespace halcyon {

/// Where a new version comes from: what HALCYON_URL says.
struct UpdateSource {
  std::string url;     ///< without the branch
  std::string branch;  ///< of a git repository; empty: its HEAD
  bool archive;        ///< a release archive (.tgz, .tar.gz), with its .sha256 beside it

  /// Raises Error "selfupdate::bad-url" for what is neither, for a connection that anybody on the
  /// way could answer (http other than to this machine), and for a password in a git URL: it would
  /// be on git's command line.
  static UpdateSource parse(const std::string& text);
};

/// Why the directory that has bin/halcyon in it may not be replaced as a whole; empty when it may:
/// when nothing but Halcyon is in it.
std::string foreign_content(const std::filesystem::path& installation);

/// Before a command begins: replaces the installation that this program belongs to by a newer one
/// from HALCYON_URL, and starts that with the same arguments; then it does not return. Nothing
/// happens unless HALCYON_URL is set, on a dyno, with HALCYON_NO_SELFUPDATE, or when the last look
/// was less than a day ago. A new version is put beside the old one, and started once; the two
/// directories are then exchanged at once. Whatever fails is a warning, and changes nothing.
void update_self(const Options& options, const Environment& environment,
                 const std::vector<std::string>& arguments);

}  // namespace halcyon
