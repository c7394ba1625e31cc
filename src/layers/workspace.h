#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "archive/codec.h"
#include "base/process.h"
#include "haskell/catalog.h"
#include "layers/hooks.h"
#include "store/depot.h"

namespace halcyon {

/// Where layers are made and what they are made with; the same for all layers of a run.
struct Workspace {
  std::filesystem::path app_dir;  ///< HALCYON_APP_DIR
  std::filesystem::path prefix;   ///< HALCYON_PREFIX
  std::string os;                 ///< OS identifier: the prefix of all our keys but originals
  Environment system;             ///< PATH, LANG, proxies: what children may know of ours
  unsigned jobs = 1;
  std::optional<Format> archive_format;  ///< HALCYON_ARCHIVE_FORMAT, of what is archived here
  std::function<std::chrono::system_clock::time_point()> now;
  const Catalog* catalog = nullptr;
  Depot* depot = nullptr;
  Hooks hooks;

  /// The root path of all layers (user guide, "Package tiers"): `.halcyon` in the app directory,
  /// where no source tree of an app collides with it.
  std::filesystem::path root() const { return app_dir / ".halcyon"; }
  std::filesystem::path layer_dir(const std::string& name) const { return root() / name; }
  std::filesystem::path temp() const { return root() / "tmp"; }
  std::filesystem::path log_file(const std::string& name) const {
    return root() / "log" / (name + ".log");
  }
  std::string key(const std::string& archive_name) const { return os + "/" + archive_name; }

  /// The environment of cabal, GHC and their children: nothing of ours but `system`, the layers'
  /// directories first on PATH, a HOME of its own.
  Environment tools() const;
  /// Whether a C compiler is on PATH (the toolchain layer's, when restored, included).
  bool has_compiler() const;
};

/// What children may know of our environment: PATH, LANG, TERM's absence, TMPDIR and proxies.
/// No HALCYON_ variable and no secret is among them.
Environment system_environment(const Environment& ours);

}  // namespace halcyon
