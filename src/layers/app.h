#pragma once

#include <functional>

#include "layers/app_source.h"
#include "layers/layer.h"
#include "layers/sandbox.h"

namespace halcyon {

/// The app layer: the installed app (`install`), the data files of its dependencies
/// (`dependency-data`), its source as it was built (`source`) and all intermediate products
/// (`dist`), so that a changed app is rebuilt incrementally (user guide, "App
/// packages"). Built offline against the sandbox.
class AppLayer : public Layer {
 public:
  AppLayer(const Workspace& workspace, const AppSource& source, const SandboxLayer& sandbox,
           std::string ghc_version, CabalRepo repo);
  std::string name() const override { return "app"; }
  std::string describe() const override { return "app " + source_.package.label(); }
  Tag tag() const override;
  bool accepts(const Tag& found) const override { return !reconfigure_ && found == tag(); }
  std::string archive_name() const override;
  Format usual_format() const override { return Format::gzip; }
  std::string problem(const std::filesystem::path& dir) const override;
  std::vector<std::string> deployed_part() const override;
  void build() override;
  std::vector<Similar> similar() const override;
  void extend() override;

  /// HALCYON_APP_RECONFIGURE: cabal configures anew, on top of the last build, whatever changed.
  void reconfigure(bool value) { reconfigure_ = value; }
  /// Extra apps: `digest` says which, and `copy` puts what they install into a directory, with the
  /// data files of their dependencies in its `dependency-data`. They are installed with the app,
  /// and taken from the last build while they are the same.
  void add_extra_apps(std::string digest, std::function<void(const std::filesystem::path&)> copy);

  /// cabal's command that runs the test suites, which the layer has when its source says so.
  Command test_command() const;

 private:
  Command cabal(const std::vector<std::string>& words) const;
  void compile();
  void collect() const;
  void collect_data_files(const Package& package) const;
  void add_extra(const std::filesystem::path& install) const;

  const AppSource& source_;
  std::string sandbox_tag_digest_;
  std::string ghc_version_;
  CabalRepo repo_;
  bool reconfigure_ = false;
  std::string extra_digest_;
  std::function<void(const std::filesystem::path&)> copy_extra_;
};

/// Makes `copy` equal to `source`, but for what is_not_copied names: files that did not change are
/// not touched, so that their times tell cabal and GHC the truth. Returns the differences as
/// "+ path", "* path", "- path".
std::vector<std::string> synchronise(const std::filesystem::path& source,
                                     const std::filesystem::path& copy);

}  // namespace halcyon
