#pragma once

#include <chrono>

#include "base/process.h"
#include "haskell/catalog.h"
#include "haskell/index_state.h"
#include "layers/keeper.h"
#include "layers/layer.h"

namespace halcyon {

/// The repository of packages: HALCYON_CABAL_REPO, "name:URL".
struct CabalRepo {
  std::string name;
  std::string url;
  static CabalRepo parse(const std::string& text);
};

/// The plain Cabal layer: the cabal-install program alone (user guide, "Non-updated Cabal
/// packages").
class PlainCabalLayer : public Layer {
 public:
  /// Raises Error "cabal::unknown-version" when the catalog does not have the version.
  PlainCabalLayer(const Workspace& workspace, const std::string& version);
  std::string name() const override { return "cabal"; }
  std::string describe() const override { return "Cabal " + release_.version; }
  Tag tag() const override;
  std::string archive_name() const override;
  Format usual_format() const override { return Format::xz; }
  std::string problem(const std::filesystem::path& dir) const override;
  void build() override;

  const std::string& version() const { return release_.version; }
  /// The version, qualified by hooks: part of archive names.
  std::string id() const;

 private:
  Release release_;
  Distribution distribution_;
};

/// The updated Cabal layer: the same with a package index of a known time (user guide, "Updated
/// Cabal packages"). It is reused for a day; then it is updated from the old one, or from the plain
/// one. With `any_age`, an older index is good enough: nothing will be resolved or downloaded.
class UpdatedCabalLayer : public Layer {
 public:
  UpdatedCabalLayer(const Workspace& workspace, Keeper& keeper, const std::string& version,
                    CabalRepo repo, bool any_age);
  std::string name() const override { return "cabal"; }
  std::string describe() const override { return "updated " + plain_.describe(); }
  Tag tag() const override;
  bool accepts(const Tag& found) const override;
  std::string archive_name() const override;
  Format usual_format() const override { return Format::xz; }
  std::vector<std::string> alternatives(Place place) const override;
  std::vector<std::string> outdated() const override;
  bool replaces(const Tag& theirs) const override;
  std::string problem(const std::filesystem::path& dir) const override;
  void build() override;
  std::vector<Similar> similar() const override;
  void extend() override { update(); }
  bool rebuilds_after_failed_extension() const override { return true; }

  /// Asks for an index that reaches this state, however old; an exact one is never out of date.
  void require(const IndexState& state);
  /// HALCYON_CABAL_REBUILD: a build starts from the original distribution, not from a plain layer.
  void rebuild_plain(bool value) { rebuild_plain_ = value; }

 private:
  void update();
  bool is_fresh(const std::string& timestamp) const;
  /// The timestamps and keys of all archives of this version at one place, the newest first.
  std::vector<std::pair<std::string, std::string>> siblings(Place place) const;

  Keeper& keeper_;
  PlainCabalLayer plain_;
  CabalRepo repo_;
  bool any_age_;
  bool rebuild_plain_ = false;
  IndexState required_;
  std::string timestamp_;  ///< of this run: what an update would be tagged with
};

/// The time of the package index in the Cabal layer on disk, "YYYYMMDDHHMMSS".
std::string index_time(const Workspace& workspace);

/// Writes the configuration that every cabal call of ours uses, and returns its path. What decides
/// a unit's id besides its version and flags is fixed here, the same in every run.
std::filesystem::path write_cabal_config(const Workspace& workspace, const CabalRepo& repo);

/// A cabal command with our configuration and a CABAL_DIR of the run. The first of `words` is the
/// command.
Command cabal_command(const Workspace& workspace, const CabalRepo& repo,
                      const std::vector<std::string>& words);

/// A version of the settings in that configuration; part of every sandbox's identity.
constexpr const char* cabal_settings_version = "1";

}  // namespace halcyon
