#pragma once

#include "haskell/catalog.h"
#include "layers/layer.h"

namespace halcyon {

/// The GHC layer: a compiler installed from its original distribution, without documentation and
/// profiling libraries, stripped (user guide, "GHC packages").
class GhcLayer : public Layer {
 public:
  /// Raises Error "ghc::unknown-version" when the catalog does not have the version, or not for
  /// this platform.
  GhcLayer(const Workspace& workspace, const std::string& version);

  std::string name() const override { return "ghc"; }
  std::string describe() const override { return "GHC " + release_.version; }
  Tag tag() const override;
  std::string archive_name() const override;
  Format usual_format() const override { return Format::xz; }
  Effort effort() const override { return Effort::thorough; }
  std::string problem(const std::filesystem::path& dir) const override;
  void build() override;

  const std::string& version() const { return release_.version; }

 private:
  void trim(const std::filesystem::path& tree) const;
  void make_settings_portable(const std::filesystem::path& tree) const;
  void link_libraries(const std::filesystem::path& tree) const;

  Release release_;
  Distribution distribution_;
};

/// The advice for a version that the catalog does not have: which it has, and how to name a URL.
std::string known_versions_advice(const std::vector<std::string>& versions);

}  // namespace halcyon
