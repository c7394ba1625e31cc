#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Which GHC and cabal-install versions are known, and where their original distributions are.
/// Data, never code: catalog.json, installed beside the helper; HALCYON_CATALOG adds or overrides.
namespace halcyon {

/// An original distribution of one version for one platform.
struct Distribution {
  std::string
      os;  ///< OS identifier it fits, exact ("linux-debian-12-x64") or general ("linux-x64")
  std::string url;
  std::string sha256;  ///< may be empty where none was ever published: such a one is refused
  std::string file_name() const;  ///< the URL's last part: the name under original/
};

struct Release {
  std::string version;
  std::string base;  ///< GHC only: the version of its `base` package
  std::vector<Distribution> distributions;
};

class Catalog {
 public:
  /// Parses a catalog; `origin` names it in errors ("catalog::malformed", with the place):
  ///
  ///   {"recommended": {"ghc": "9.6.7", "cabal": "3.12.1.0"},
  ///    "ghc": [{"version": "9.6.7", "base": "4.18.3.0",
  ///             "dists": [{"os": "linux-x64", "url": "https://…", "sha256": "…"}]}],
  ///    "cabal": [{"version": "3.12.1.0", "dists": […]}]}
  ///
  /// Every part may be missing in an overlay; keys that we do not know are passed over.
  static Catalog parse(std::string_view json, const std::string& origin);
  static Catalog load(const std::filesystem::path& file);
  /// Entries of `overlay` replace those of the same version and platform; its recommended
  /// versions win.
  void merge(const Catalog& overlay);
  /// Adds one release, or puts its distributions in front of what is known of that version.
  void add_ghc(const Release& release);
  void add_cabal(const Release& release);

  const Release* ghc(std::string_view version) const;
  const Release* cabal(std::string_view version) const;
  /// The GHC that comes with this version of `base`, the newest when several do; nullptr when
  /// unknown.
  const Release* ghc_of_base(std::string_view base_version) const;
  /// The distribution for an OS identifier: the exact one first, else the best general one
  /// ("linux-x64" fits every "linux-*-x64"; "linux-ubuntu-x64" fits every Ubuntu); nullptr if none.
  static const Distribution* distribution(const Release& release, std::string_view os);
  std::vector<std::string> ghc_versions() const;  ///< oldest first
  std::vector<std::string> cabal_versions() const;
  const std::string& recommended_ghc() const { return recommended_ghc_; }
  const std::string& recommended_cabal() const { return recommended_cabal_; }

 private:
  std::vector<Release> ghc_;
  std::vector<Release> cabal_;
  std::string recommended_ghc_;
  std::string recommended_cabal_;
};

/// The catalog that came with the helper: beside it, or where `cmake --install` puts it. Raises
/// Error "catalog::missing".
std::filesystem::path installed_catalog();

}  // namespace halcyon
