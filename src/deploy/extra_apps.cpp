#include "deploy/extra_apps.h"

#include <algorithm>

#include "base/digest.h"
#include "base/log.h"
#include "deploy/deployment.h"
#include "layers/dependency_data.h"

namespace halcyon {
namespace {

/// What belongs to the layers that an app and its extra apps have at the same place.
std::vector<fs::path> shared_places() { return {"sandbox", "app", "origin/sandbox", "origin/app"}; }

}  // namespace

SetAside::SetAside(const Workspace& workspace)
    : workspace_(workspace), kept_(workspace.temp(), "outer-") {
  fs::create_directories(kept_.path() / "origin");
  for (const fs::path& place : shared_places()) {
    const fs::path path = workspace.root() / place;
    if (fs::exists(path)) fs::rename(path, kept_.path() / place);
  }
}

SetAside::~SetAside() {
  try {
    for (const char* layer : {"sandbox", "app"}) {
      remove_layer(workspace_, workspace_.layer_dir(layer));
    }
    for (const fs::path& place : shared_places()) {
      const fs::path path = workspace_.root() / place;
      remove_tree(path);
      if (fs::exists(kept_.path() / place)) fs::rename(kept_.path() / place, path);
    }
  } catch (const std::exception& error) {
    log::warning(std::string("Cannot put the app's own layers back: ") + error.what());
  }
}

ExtraApps::ExtraApps(Run& run, std::string option, const fs::path& source_dir, fs::path prefix)
    : run_(run), option_(std::move(option)), prefix_(std::move(prefix)) {
  for (const std::string& word : run.options().words(option_)) {
    origins_.push_back(AppOrigin::parse(word, source_dir));
  }
}

ExtraApps::~ExtraApps() = default;

bool ExtraApps::uses_git() const {
  return std::any_of(origins_.begin(), origins_.end(),
                     [](const AppOrigin& origin) { return origin.kind == AppOrigin::Kind::git; });
}

const std::string& ExtraApps::digest() {
  if (empty() || !digest_.empty()) return digest_;
  std::string text;
  for (const AppOrigin& origin : origins_) text += origin.identity(run_) + "\n";
  const fs::path constraints = run_.options().path(option_ + "-constraints-dir");
  if (!constraints.empty()) text += "constraints " + tree_digest(constraints) + "\n";
  digest_ = sha1(text);
  return digest_;
}

const fs::path& ExtraApps::installed(const Compiler& compiler) {
  if (root_) return installed_;
  auto root = std::make_unique<TempDir>(run_.workspace().temp(), "extra-");
  {
    const SetAside aside(run_.workspace());
    for (const AppOrigin& origin : origins_) deploy(origin, compiler, root->path());
  }
  // Of the sandbox that an extra app was linked with, nothing else is left.
  const fs::path store = store_below(root->path(), run_.workspace());
  dependency_data_ = root->path() / dependency_data_dir;
  if (fs::exists(store)) {
    fs::rename(store, dependency_data_);
    for (fs::path dir = store.parent_path(); fs::is_empty(dir); dir = dir.parent_path()) {
      fs::remove(dir);
    }
  }
  installed_ = root->path() / prefix_.relative_path();
  fs::create_directories(installed_);
  root_ = std::move(root);
  return installed_;
}

void ExtraApps::deploy(const AppOrigin& origin, const Compiler& compiler, const fs::path& root) {
  log::step("Extra app: " + origin.text);
  Options options = run_.options().inherited();
  options.set("prefix", prefix_.string());
  options.set("ghc-version", compiler.ghc_version);
  options.set("cabal-version", compiler.cabal_version);
  const fs::path constraints = run_.options().path(option_ + "-constraints-dir");
  if (!constraints.empty()) options.set("constraints-dir", constraints.string());
  Run run(run_, options);
  const fs::path source = origin.fetch(run);
  options.read_magic(source);
  Deployment deployment(run, source);
  deployment.use_ghc(compiler.ghc_version);
  deployment.make_app(Deployment::Purpose::install);
  deployment.install(root, prefix_.string());
  deployment.hold_dependencies();
}

}  // namespace halcyon
