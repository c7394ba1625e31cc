#include "deploy/deployment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <future>

#include "base/digest.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "deploy/snapshot.h"
#include "haskell/local_packages.h"
#include "layers/dependency_data.h"
#include "layers/layer_check.h"

namespace halcyon {

/// The four layers of an app, in the order in which they need each other.
struct Deployment::Layers {
  std::unique_ptr<GhcLayer> ghc;
  std::unique_ptr<UpdatedCabalLayer> cabal;
  std::unique_ptr<SandboxLayer> sandbox;
  std::unique_ptr<AppLayer> app;

  std::array<Layer*, 3> dependencies() const { return {ghc.get(), cabal.get(), sandbox.get()}; }
  std::vector<const Layer*> all() const {
    return {ghc.get(), cabal.get(), sandbox.get(), app.get()};
  }
};

namespace {

/// HALCYON_APP_EXTRA_CONFIGURE_FLAGS. What we decide ourselves may not be among them.
std::vector<std::string> checked_configure_flags(const Options& options) {
  std::vector<std::string> flags = options.words("app-extra-configure-flags");
  for (const std::string& flag : flags) {
    for (const char* ours : {"--prefix", "--builddir", "--store-dir", "--with-compiler",
                             "--project-file", "--config-file", "--offline"}) {
      if (flag != ours && !flag.starts_with(std::string(ours) + "=")) continue;
      throw Error("option::malformed",
                  "HALCYON_APP_EXTRA_CONFIGURE_FLAGS cannot have " + std::string(ours))
          .why("Where things are built and installed is decided by Halcyon")
          .fix("Take it out; HALCYON_PREFIX says where the app is installed");
    }
    if (flag.starts_with('-')) continue;
    throw Error("option::malformed", "HALCYON_APP_EXTRA_CONFIGURE_FLAGS cannot have " + flag)
        .why("It is not a flag of cabal configure")
        .fix("Write flags with their value in one word, as --flags=dev");
  }
  return flags;
}

}  // namespace

Deployment::Deployment(Run& run, const fs::path& source_dir)
    : run_(run),
      extra_apps_(run, "extra-apps", source_dir, run.workspace().prefix),
      sandbox_extra_apps_(run, "sandbox-extra-apps", source_dir,
                          run.workspace().layer_dir("sandbox")),
      sandbox_sources_(run, source_dir),
      repo_(run.cabal_repo()),
      cabal_version_(run.cabal_version()) {
  source_.dir = source_dir;
  source_.project = read_project(source_dir);
  source_.configure_flags = checked_configure_flags(run.options());
  source_.extra_libs = run.options().words("sandbox-extra-libs");
  std::sort(source_.extra_libs.begin(), source_.extra_libs.end());
  for (const fs::path& file : source_.project.files) {
    std::string text = read_file(source_dir / file);
    if (sandbox_sources_.take(text)) source_.project_files[file] = std::move(text);
  }
  run.use_hooks(source_dir);
  source_.packages = read_packages(source_dir, source_.project);
  source_.package = main_package(source_.packages);
  source_.digest = tree_digest(source_dir, is_not_source);
}

void Deployment::add_settings() {
  prepare_git();
  const auto add = [this](const std::string& name, const std::string& digest) {
    if (!digest.empty()) source_.constraints.settings.insert("--" + name + " " + digest);
  };
  const auto digest_of = [](const std::string& text) { return text.empty() ? "" : sha1(text); };
  add("project-settings", digest_of(source_.project.settings));
  add("configure-flags", digest_of(join(source_.configure_flags, "\n")));
  add("extra-libs", digest_of(join(source_.extra_libs, " ")));
  if (source_.tests) source_.constraints.settings.insert(tests_setting);
  for (const char* layer : {"ghc", "cabal", "sandbox"}) {
    add(std::string(layer) + "-hooks", run_.workspace().hooks.digest(layer));
  }
  source_.build_tools = sandbox_extra_apps_.digest();
  add("sandbox-extra-apps", source_.build_tools);
  add("sandbox-sources", sandbox_sources_.digest());
  if (sandbox_sources_.empty()) return;
  source_.extra_packages = run_.workspace().layer_dir("sandbox") / "sources";
}

/// Puts extra apps and sources into the sandbox layer that is being built.
void Deployment::prepare_sandbox() {
  const fs::path dir = run_.workspace().layer_dir("sandbox");
  if (!sandbox_extra_apps_.empty()) copy_tree(sandbox_extra_apps_.installed(compiler()), dir);
  if (packed_sources_) {
    copy_tree(packed_sources_->path(), source_.extra_packages);
  } else if (!sandbox_sources_.empty()) {
    sandbox_sources_.make(source_.extra_packages);
  }
}

std::unique_ptr<UpdatedCabalLayer> Deployment::make_cabal(bool any_age_of_index) {
  auto cabal = std::make_unique<UpdatedCabalLayer>(run_.workspace(), run_.keeper(), cabal_version_,
                                                   repo_, any_age_of_index);
  cabal->require(index_state());
  cabal->rebuild_plain(run_.options().flag("cabal-rebuild"));
  return cabal;
}

Deployment::Layers Deployment::make_layers() {
  const Workspace& workspace = run_.workspace();
  Layers layers;
  layers.ghc = std::make_unique<GhcLayer>(workspace, ghc_version_);
  layers.cabal = make_cabal(true);
  layers.sandbox = std::make_unique<SandboxLayer>(workspace, source_, layers.ghc->tag(),
                                                  ghc_version_, cabal_version_, repo_);
  layers.sandbox->before_dependencies([this] { prepare_sandbox(); });
  layers.app = std::make_unique<AppLayer>(workspace, source_, *layers.sandbox, ghc_version_, repo_);
  layers.app->reconfigure(run_.options().flag("app-reconfigure"));
  if (!extra_apps_.empty()) {
    layers.app->add_extra_apps(extra_apps_.digest(), [this](const fs::path& dir) {
      copy_tree(extra_apps_.installed(compiler()), dir);
      const fs::path& data = extra_apps_.dependency_data();
      if (fs::exists(data)) copy_tree(data, dir / dependency_data_dir);
    });
  }
  return layers;
}

Command Deployment::test_command() { return make_layers().app->test_command(); }

void Deployment::prepare_toolchain() {
  if (run_.workspace().has_compiler()) return;
  if (!toolchain_digest_) {
    throw Error("toolchain::missing", "There is no C compiler on this machine")
        .why("GHC needs one to link programs, and no toolchain was captured for this machine")
        .fix("Debian, Ubuntu: apt-get install gcc libc6-dev libgmp-dev libffi-dev make");
  }
  ToolchainLayer toolchain(run_.workspace(), *toolchain_digest_);
  run_.keeper().realise(toolchain);
}

/// Sources from git are named by their commits, which only git can tell: it comes with the
/// toolchain where the machine has none.
void Deployment::prepare_git() {
  const bool wanted =
      extra_apps_.uses_git() || sandbox_extra_apps_.uses_git() || sandbox_sources_.uses_git();
  if (wanted && toolchain_digest_) prepare_toolchain();
}

/// As cabal has it: the freeze file's counts before the project's.
IndexState Deployment::index_state() const {
  const std::string& frozen = source_.constraints.index_state;
  return parse_index_state(frozen.empty() ? source_.project.index_state : frozen);
}

/// Which of several packages is the app, and how to choose another.
void Deployment::tell_packages() const {
  if (source_.packages.size() < 2) return;
  std::vector<std::string> others;
  for (const Package& package : source_.packages) {
    if (package.name != source_.package.name) others.push_back(package.label());
  }
  log::label("Other packages:", join(others, ", "));
  const auto programs = [](const Package& package) { return !package.executables.empty(); };
  if (std::count_if(source_.packages.begin(), source_.packages.end(), programs) > 1) {
    log::detail("The first package with an executable in cabal.project gives the app its name");
  }
}

void Deployment::describe() const {
  const Options& options = run_.options();
  log::label("Label:", label());
  tell_packages();
  log::label("Prefix:", options.get("prefix"));
  log::label("GHC version:", ghc_version_);
  log::label("Cabal version:", cabal_version_);
  log::label("Constraints:", fmt::format("{} packages, {}", source_.constraints.size(),
                                         source_.constraints.digest().substr(0, 7)));
  const Storage* storage = run_.depot().storage();
  log::label("Storage:", storage == nullptr ? "none" : storage->describe());
  if (storage == nullptr) return;
  const std::string server = storage->describe_server();
  if (server.empty()) return;
  log::label("Storage server:", server);
  log::label("Storage key:",
             options.has_addon_storage() ? "the add-on Bucketeer's" : "HALCYON_AWS_ACCESS_KEY_ID");
}

void Deployment::require_builds_allowed(const Layers& layers, const Step& app_step) const {
  if (run_.may_build_dependencies()) return;
  std::string missing;
  for (const Layer* layer : layers.dependencies()) {
    const Step step = run_.keeper().plan(*layer);
    if (step.builds()) missing += fmt::format("  {}: {}\n", layer->describe(), step.reason);
  }
  if (run_.options().flag("no-build")) {
    missing += fmt::format("  {}: {}\n", layers.app->describe(), app_step.reason);
  }
  if (missing.empty()) return;
  missing.pop_back();
  throw Error("layer::missing", "Layers that may not be built here are missing:\n" + missing)
      .why(run_.options().flag("no-build") ? "HALCYON_NO_BUILD is 1"
                                           : "HALCYON_NO_BUILD_DEPENDENCIES is 1")
      .exit(Exit::build_needed);
}

/// Whether a push that changes the app will find them. What is not uploaded is none of its matter.
bool Deployment::dependencies_are_stored(const Layers& layers) const {
  if (!run_.depot().uploads()) return true;
  const auto all = layers.dependencies();
  return std::all_of(all.begin(), all.end(),
                     [this](const Layer* layer) { return run_.keeper().is_stored(*layer); });
}

/// Whether the app layer will not have them from its last build.
bool Deployment::needs_extra_apps(const Step& app_step) {
  if (extra_apps_.empty() || !app_step.builds()) return false;
  if (app_step.means != Means::extended) return true;
  const Tag last = Tag::parse(app_step.source->manifest.tag, app_step.source->key);
  return last.get("extra-apps") != extra_apps_.digest();
}

void Deployment::make_app(Purpose purpose) {
  constraints();
  describe();
  const Options& options = run_.options();
  Keeper& keeper = run_.keeper();
  const bool rebuild_ghc = options.flag("ghc-rebuild");
  const bool rebuild_cabal = options.flag("cabal-rebuild") || options.flag("cabal-update");
  const bool rebuild_sandbox = options.flag("sandbox-rebuild") || rebuild_ghc;
  const bool rebuild_app =
      options.flag("app-rebuild") || options.flag("app-reconfigure") || rebuild_sandbox;
  const bool rebuild_any = rebuild_cabal || rebuild_app;

  Layers layers = make_layers();
  app_tag_ = layers.app->tag().line();
  Step app_step = keeper.plan(*layers.app, options.flag("app-rebuild"));
  if (!rebuild_any && !keeps_layers() && !app_step.builds() &&
      (purpose == Purpose::install || dependencies_are_stored(layers))) {
    log::step(label() + " did not change: using the app that is already built");
    try {
      if (purpose == Purpose::install && options.get("app-extra-copy") != "build") {
        keeper.realise_deployed_part(*layers.app);
      } else {
        keeper.realise(*layers.app, false, false);
      }
      return;
    } catch (const Error& error) {
      // Its archive is damaged: it takes the other layers to build it.
      if (error.id() != "layer::missing") throw;
      app_step = keeper.plan(*layers.app);
    }
  }
  require_builds_allowed(layers, app_step);
  const bool may_build = run_.may_build_dependencies();
  if (rebuild_sandbox || keeper.plan(*layers.sandbox).builds()) layers.cabal = make_cabal(false);
  log::step("Preparing layers");
  const auto ahead = rebuild_any ? nullptr : keeper.restore_ahead(layers.all());
  prepare_toolchain();
  keeper.realise(*layers.ghc, rebuild_ghc, may_build);
  check_base();
  keeper.realise(*layers.cabal, rebuild_cabal, may_build);
  // Before hours of compiling: what they miss may be forbidden to build here.
  if (needs_extra_apps(app_step)) extra_apps_.installed(compiler());
  keeper.realise(*layers.sandbox, rebuild_sandbox, may_build);
  // Another machine may have built it from a newer index than the one kept here.
  layers.cabal->require({layers.sandbox->index_time(), false});
  if (keeper.plan(*layers.cabal).means != Means::existing) keeper.realise(*layers.cabal);
  keeper.realise(*layers.app, options.flag("app-rebuild") || rebuild_sandbox,
                 !options.flag("no-build"));
}

void Deployment::restore_layers() {
  constraints();
  describe();
  Layers layers = make_layers();
  log::step("Restoring layers");
  const auto ahead = run_.keeper().restore_ahead(layers.all());
  prepare_toolchain();
  for (Layer* layer : layers.dependencies()) {
    run_.keeper().realise(*layer, false, run_.may_build_dependencies());
  }
  run_.keeper().realise(*layers.app, false, !run_.options().flag("no-build"));
  offer_source_distributions(run_.workspace());
  write_cabal_config(run_.workspace(), repo_);  // `paths` points cabal to it
}

void Deployment::install(const fs::path& root, const std::string& where) const {
  const Workspace& workspace = run_.workspace();
  const Hooks& hooks = workspace.hooks;
  const fs::path built = workspace.layer_dir("app");
  const fs::path target = root / workspace.prefix.relative_path();
  const bool is_layer = fs::exists(built / tag_file);  // else only what is installed was restored
  const TempDir work(workspace.temp(), "install-");
  fs::path tree = built / "install";
  if (is_layer && hooks.has("pre-install")) {  // which may change what is installed, not the layer
    tree = work.path() / "install";
    copy_tree(built / "install", tree);
  }
  const std::vector<std::string> arguments{app_tag_, source_.dir.string(), tree.string(),
                                           root.string()};
  hooks.run(workspace, "pre-install", arguments, source_.dir);
  const Stopwatch watch;
  log::begin("Installing " + label() + " into " + where);
  is_layer ? copy_tree(tree, target) : move_into(tree, target);
  install_dependency_data(workspace, built / dependency_data_dir, root);
  const std::string extra = run_.options().get("app-extra-copy");
  if (!extra.empty()) copy_tree(source_.dir, target, is_not_source);
  if (extra == "build" || extra == "all") copy_tree(built / "dist", target / "dist-newstyle");
  log::end(watch.done());
  run_.summary().installed(watch.elapsed());
  hooks.run(workspace, "post-install", arguments, source_.dir);
}

bool Deployment::keeps_layers() const {
  return run_.options().flag("retain-dependencies") ||
         run_.options().get("app-extra-copy") == "all";
}

void Deployment::copy_layers(const fs::path& app_dir) const {
  const fs::path target = app_dir / ".halcyon";
  if (fs::weakly_canonical(target) == fs::weakly_canonical(run_.workspace().root())) return;
  const Stopwatch watch;
  log::begin("Copying all layers to " + target.string());
  for (const char* name : {"ghc", "cabal", "sandbox", "app"}) {
    copy_tree(run_.workspace().layer_dir(name), target / name);
  }
  log::end(watch.done());
}

void Deployment::hold_dependencies() {
  const Layers layers = make_layers();
  for (const Layer* layer : layers.dependencies()) {
    const Step step = run_.keeper().plan(*layer);
    if (step.means == Means::cached) run_.depot().keep(step.source->key);
    if (step.means != Means::stored) continue;
    try {
      run_.depot().fetch(*step.source);
      run_.depot().keep(step.source->key);
    } catch (const Error& error) {
      run_.depot().distrust(*step.source, error.what());
    }
  }
}

void Deployment::remove_layers() const {
  const Workspace& workspace = run_.workspace();
  std::vector<fs::path> dirs;
  for (const char* name : {"app", "ghc", "cabal", "sandbox", "toolchain"}) {
    const fs::path dir = workspace.layer_dir(name);
    if (fs::exists(fs::symlink_status(dir))) dirs.push_back(dir);
  }
  std::vector<std::future<void>> removals;  // thousands of files each, but for the app's
  for (std::size_t i = 1; i < dirs.size(); ++i) {
    removals.push_back(std::async(std::launch::async,
                                  [&workspace, &dir = dirs[i]] { remove_layer(workspace, dir); }));
  }
  if (!dirs.empty()) remove_layer(workspace, dirs.front());
  for (std::future<void>& removal : removals) removal.get();
}

void make_environment(Run& run) {
  const Options& options = run.options();
  const bool rebuild_ghc = options.flag("ghc-rebuild");
  const bool rebuild_cabal = options.flag("cabal-rebuild") || options.flag("cabal-update");
  const bool may_build = run.may_build_dependencies();
  run.use_hooks({});
  log::step("Preparing layers");
  Keeper& keeper = run.keeper();
  GhcLayer ghc(run.workspace(), run.ghc_version());
  UpdatedCabalLayer cabal(run.workspace(), keeper, run.cabal_version(), run.cabal_repo(), false);
  cabal.rebuild_plain(options.flag("cabal-rebuild"));
  const auto ahead = rebuild_ghc || rebuild_cabal ? nullptr : keeper.restore_ahead({&ghc, &cabal});
  keeper.realise(ghc, rebuild_ghc, may_build);
  keeper.realise(cabal, rebuild_cabal, may_build);
}

}  // namespace halcyon
