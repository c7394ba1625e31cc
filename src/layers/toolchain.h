#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "layers/layer.h"

namespace halcyon {

/// A Debian package as dpkg knows it.
struct SystemPackage {
  std::string version;
  std::vector<std::string> dependencies;  ///< names; alternatives are all listed
};

/// The installed packages; empty where there is no dpkg.
std::map<std::string, SystemPackage> installed_packages(const Environment& env);

/// The packages that make a C toolchain, of those installed: the compiler, headers, link libraries,
/// git, ssh and what they need. Pure, so that it can be tested.
std::vector<std::string> toolchain_packages(const std::map<std::string, SystemPackage>& installed);

/// Those of them that git and ssh are and need, but for the C library.
std::vector<std::string> git_packages(const std::map<std::string, SystemPackage>& installed);

/// The toolchain layer: C compiler, headers, link libraries, git and ssh of a machine that has them
/// (the build image), for a machine of the same OS that has none (one-off dynos: run images have no
/// compiler and no git). Ours, not in the seeds. Used through wrappers in `bin` that set a sysroot
/// or say where git's parts are.
class ToolchainLayer : public Layer {
 public:
  /// The toolchain of this machine, to be captured; null when there is no dpkg or no compiler.
  static std::unique_ptr<ToolchainLayer> of_this_machine(const Workspace& workspace);
  /// A toolchain that was captured elsewhere: preferably the one of this digest (which may be
  /// empty), else any that was captured on the same OS.
  ToolchainLayer(const Workspace& workspace, std::string digest);

  std::string name() const override { return "toolchain"; }
  std::string describe() const override { return "C toolchain"; }
  Tag tag() const override { return base_tag(digest_); }
  bool accepts(const Tag& found) const override;
  std::string archive_name() const override;
  Format usual_format() const override { return Format::zstd; }
  Effort effort() const override { return Effort::thorough; }
  std::vector<std::string> alternatives(Place place) const override;
  std::string problem(const std::filesystem::path& dir) const override;
  void build() override;
  const std::string& digest() const { return digest_; }

 private:
  ToolchainLayer(const Workspace& workspace, std::vector<std::string> packages, std::string digest);
  void link_git_libraries(const std::filesystem::path& tree) const;
  void write_wrappers(const std::filesystem::path& tree) const;

  std::vector<std::string> packages_;
  std::string digest_;
};

}  // namespace halcyon
