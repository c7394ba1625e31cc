#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "deploy/app_origin.h"
#include "deploy/run.h"

namespace halcyon {

/// The versions that an app and its extra apps are built with.
struct Compiler {
  std::string ghc_version;
  std::string cabal_version;
};

/// Apps that come with an app: HALCYON_EXTRA_APPS, installed beside it, or
/// HALCYON_SANDBOX_EXTRA_APPS, installed into its sandbox for the build. Each is deployed by a run
/// inside ours: with the same GHC and Cabal, its own constraints, a sandbox of its own, and none of
/// the outer app's options but the inherited ones.
class ExtraApps {
 public:
  /// `option` names the list, and with "-constraints-dir" after it the directory of constraints;
  /// `prefix` is what the apps are configured to be installed to.
  ExtraApps(Run& run, std::string option, const std::filesystem::path& source_dir,
            std::filesystem::path prefix);
  ~ExtraApps();

  /// Whether one of them comes from a git repository.
  bool uses_git() const;
  bool empty() const { return origins_.empty(); }
  /// Changes when one of the apps, or a file of the constraints directory, may have changed. Empty
  /// when there are none.
  const std::string& digest();
  /// A directory with what they install below the prefix. They are deployed when it is asked for
  /// the first time.
  const std::filesystem::path& installed(const Compiler& compiler);
  /// What was deployed with them: the data files of their dependencies, if any.
  const std::filesystem::path& dependency_data() const { return dependency_data_; }

 private:
  void deploy(const AppOrigin& origin, const Compiler& compiler, const std::filesystem::path& root);

  Run& run_;
  std::string option_;
  std::filesystem::path prefix_;
  std::vector<AppOrigin> origins_;
  std::string digest_;
  std::unique_ptr<TempDir> root_;
  std::filesystem::path installed_;
  std::filesystem::path dependency_data_;
};

/// Moves the sandbox and app layers out of the way of an extra app's, and back at the end. Whoever
/// kills us in between finds layers of the extra app, or none.
class SetAside {
 public:
  explicit SetAside(const Workspace& workspace);
  ~SetAside();
  SetAside(const SetAside&) = delete;
  SetAside& operator=(const SetAside&) = delete;

 private:
  const Workspace& workspace_;
  TempDir kept_;
};

}  // namespace halcyon
