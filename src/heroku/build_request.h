#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "deploy/run.h"
#include "heroku/slug.h"
#include "layers/tag.h"

/// A push whose layers are missing is rejected when a release of the app is running. It leaves its
/// source in storage, and `halcyon build` in the running release builds that.
namespace halcyon {

/// What the compile cache remembers of an app, below CACHE_DIR/halcyon.
class AppMemory {
 public:
  explicit AppMemory(const std::filesystem::path& cache_dir);
  /// A random name that the app's builds and its slugs share, made when there is none: two Heroku
  /// apps of the same package do not get each other's requests.
  const std::string& id() const { return id_; }
  /// Whether the last release holds the app, not the buildpack only.
  bool is_deployed() const;
  void set_deployed(bool value) const;

 private:
  std::filesystem::path dir_;
  std::string id_;
};

/// The source of a rejected push, as `halcyon build` found it.
struct BuildRequest {
  Found archive;
  Tag tag;  ///< contents: the app's label; `toolchain`, `made`
};

/// Leaves the slug's parts as a request, in place of an older one of the same app. Whether storage
/// has it: a failed upload is warned of.
bool leave_request(Run& run, const std::string& label, const SlugParts& parts);

/// The request for the app with this id, unless it was made before `built` (a timestamp): a later
/// push has been deployed.
std::optional<BuildRequest> find_request(Run& run, const std::string& app_id,
                                         const std::string& built);

}  // namespace halcyon
