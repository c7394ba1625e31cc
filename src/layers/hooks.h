#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace halcyon {

struct Workspace;

/// The user's scripts that run at fixed points (reference, the options named …_HOOK).
class Hooks {
 public:
  /// Adds the script of a hook: "ghc-pre-build". A second one replaces it.
  void add(const std::string& name, std::filesystem::path script);
  /// Removes all but those of GHC and Cabal, the layers that an extra app shares.
  void keep_toolchain();
  bool has(const std::string& name) const { return scripts_.contains(name); }
  /// The app's source directory, an argument of most hooks; empty for the environment alone.
  std::filesystem::path source_dir;

  /// A version, with the first digits of digest(layer) after a dot where there are hooks:
  /// "9.0.2.0a1b2c3". Part of archive names.
  std::string qualified(const std::string& version, std::string_view layer) const;
  /// SHA-1 over the scripts of a layer's hooks, "ghc", "cabal", "sandbox" or "app": part of its
  /// identity. Empty when it has none.
  std::string digest(std::string_view layer) const;
  /// Runs a hook, where there is one, with these arguments in the directory `dir`: in the
  /// environment of the layers' tools, and told HALCYON_APP_DIR and HALCYON_PREFIX, but no secret.
  /// Its output is quoted. One that fails is an Error "hook::failed" with its name and status.
  void run(const Workspace& workspace, const std::string& name,
           const std::vector<std::string>& arguments, const std::filesystem::path& dir) const;

 private:
  std::map<std::string, std::filesystem::path> scripts_;
};

/// Whether a hook belongs to the GHC or the Cabal layer.
bool of_toolchain(const std::string& hook);
/// Every hook, by the name of its option without "-hook".
std::vector<std::string> hook_names();

}  // namespace halcyon
