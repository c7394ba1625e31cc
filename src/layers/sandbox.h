#pragma once

#include <functional>

#include "layers/app_source.h"
#include "layers/layer.h"
#include "layers/sandbox_index.h"

namespace halcyon {

/// The sandbox layer: a cabal store of its own, at a fixed path, with every dependency of an app
/// built, and its constraints in `cabal.config` (user guide, "Sandbox packages"). Found by the
/// digest of its constraints, whatever app it was built for; else grown from the sandbox with the
/// best-scoring subset of the constraints. To find it among those in storage takes at most eight
/// requests beside the listing, however many there are.
class SandboxLayer : public Layer {
 public:
  /// `ghc_tag` and `cabal_version` are what it is built with, part of its identity.
  SandboxLayer(const Workspace& workspace, const AppSource& source, const Tag& ghc_tag,
               std::string ghc_version, std::string cabal_version, CabalRepo repo);
  std::string name() const override { return "sandbox"; }
  std::string describe() const override { return "sandbox " + digest_.substr(0, 7); }
  Tag tag() const override;
  std::string archive_name() const override;
  Format usual_format() const override { return Format::gzip; }
  std::vector<std::string> alternatives(Place place) const override;
  std::vector<std::string> outdated() const override;
  std::string problem(const std::filesystem::path& dir) const override;
  void build() override;
  std::vector<Similar> similar() const override;
  void extend() override;
  bool rebuilds_after_failed_extension() const override { return true; }
  std::optional<std::string> companion() const override;
  void stored() const override;

  /// The time of the package index that the sandbox on disk was made with; empty when not known.
  std::string index_time() const;

  bool skips(const std::filesystem::path& path) const override;

  /// What to put into the layer, at dir(), before the dependencies are built. A similar layer has
  /// it already: it has the same settings.
  void before_dependencies(std::function<void()> action) { before_ = std::move(action); }

 private:
  struct Ranked {
    std::string key;
    std::size_t score;
  };
  std::string family() const;
  std::string index_key() const { return workspace().key("halcyon-sandboxes-" + ghc_version_); }
  SandboxIndex read_index() const;
  const SandboxIndex& known_index() const;
  std::optional<Constraints> constraints_of(const std::string& key) const;
  void add(std::vector<Ranked>& ranked, const std::string& key) const;
  std::vector<Ranked> rank(bool all) const;
  std::optional<Similar> best_of(const std::vector<Ranked>& ranked) const;
  void update_index() const;
  void install_dependencies() const;

  const AppSource& source_;
  std::string ghc_original_;
  std::string ghc_version_;
  std::string cabal_version_;
  CabalRepo repo_;
  std::string digest_;
  std::function<void()> before_;
  mutable std::optional<SandboxIndex> index_;          // as it was when this run began
  mutable std::optional<std::vector<Ranked>> ranked_;  // read and told once in a run
};

}  // namespace halcyon
