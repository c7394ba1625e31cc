#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "deploy/extra_apps.h"
#include "deploy/run.h"
#include "deploy/sandbox_sources.h"
#include "layers/app.h"
#include "layers/app_source.h"
#include "layers/ghc.h"
#include "layers/sandbox.h"
#include "layers/toolchain.h"

namespace halcyon {

/// An app on its way from source to an installed program: which layers it needs, and how to get
/// them.
class Deployment {
 public:
  /// Reads the app's description. Nothing is restored or built yet.
  Deployment(Run& run, const std::filesystem::path& source_dir);

  std::string label() const { return source_.package.label(); }
  const AppSource& source() const { return source_; }

  /// The constraints of every dependency: HALCYON_CONSTRAINTS, HALCYON_CONSTRAINTS_DIR, the app's
  /// own file, else the solver's (which restores or builds GHC and Cabal): among the versions of
  /// the snapshot that stack.yaml names, else the newest ones.
  const Constraints& constraints();

  const std::string& ghc_version() const { return ghc_version_; }  ///< known with constraints()
  const std::string& cabal_version() const { return cabal_version_; }

  /// Wants the app's test suites too, and their dependencies; call before asking for constraints.
  void want_tests() { source_.tests = true; }
  /// The command that runs the test suites of an app made with them.
  Command test_command();

  /// What an app is made for. To install one that did not change takes a part of its layer; to
  /// prepare a push takes all layers, in storage.
  enum class Purpose { install, keep };
  /// Makes the app layer real, and the layers it needs where it is not there yet. Raises Error
  /// "layer::missing" (Exit::build_needed), naming every missing layer, when the options forbid to
  /// build them.
  void make_app(Purpose purpose);
  /// After make_app for this purpose, once. Copies what the app installs, and what
  /// HALCYON_APP_EXTRA_COPY adds, to HALCYON_PREFIX below `root`, and data files of dependencies to
  /// where the app looks for them below it; the log names the place `where`. Runs the install
  /// hooks.
  void install(const std::filesystem::path& root, const std::string& where) const;
  /// Keeps the archives of the dependencies in the cache, though an unchanged app did not need
  /// them: the next change will.
  void hold_dependencies();
  /// Whether the layers stay after the app is installed: HALCYON_RETAIN_DEPENDENCIES, or all of
  /// them are asked for by HALCYON_APP_EXTRA_COPY.
  bool keeps_layers() const;
  /// HALCYON_APP_EXTRA_COPY=all: copies the layers to another app directory, unless it is ours.
  void copy_layers(const std::filesystem::path& app_dir) const;
  void remove_layers() const;

  /// Makes it an extra app: the GHC layer that is there is the one it is built with. Constraints
  /// that ask for another one raise Error "extra-apps::other-ghc".
  void use_ghc(std::string version) { given_ghc_ = std::move(version); }
  /// Makes every layer real from what exists, and keeps them (`restore`).
  void restore_layers();

  /// Allows to restore a captured toolchain where there is no compiler, preferably this one.
  void use_toolchain(std::string digest) { toolchain_digest_ = std::move(digest); }

 private:
  struct Layers;
  std::optional<Constraints> given_constraints();
  std::string newest_of(const std::string& series) const;
  std::string decide_ghc_version(const Constraints* known) const;
  std::string named_ghc_version(const std::string& base) const;
  Constraints resolve(std::optional<Constraints> snapshot);
  void check_base() const;
  /// What else decides the contents of the sandbox: project files, flags, hooks.
  void add_settings();
  IndexState index_state() const;
  void tell_packages() const;
  void prepare_solver();
  void add_constraints_of_tests();
  void prepare_toolchain();
  void prepare_git();
  void describe() const;
  bool dependencies_are_stored(const Layers& layers) const;
  void require_builds_allowed(const Layers& layers, const Step& app_step) const;
  /// With `any_age_of_index` an old package index will do: nothing is resolved or downloaded.
  std::unique_ptr<UpdatedCabalLayer> make_cabal(bool any_age_of_index);
  Layers make_layers();

  Compiler compiler() const { return {ghc_version_, cabal_version_}; }
  void prepare_sandbox();
  bool needs_extra_apps(const Step& app_step);

  Run& run_;
  AppSource source_;
  ExtraApps extra_apps_;
  ExtraApps sandbox_extra_apps_;
  SandboxSources sandbox_sources_;
  std::optional<TempDir> packed_sources_;  // for the solver
  CabalRepo repo_;
  std::string cabal_version_;
  bool has_constraints_ = false;
  std::string given_ghc_;
  std::string ghc_version_;
  std::string app_tag_;  // in one line; known with make_app
  std::optional<std::string> toolchain_digest_;
};

/// Restores or builds GHC and Cabal alone (no app given, or HALCYON_NO_APP).
void make_environment(Run& run);

}  // namespace halcyon
