#include "deploy/deployment.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "deploy/snapshot.h"
#include "haskell/local_packages.h"

namespace halcyon {

/// The four layers of an app, in the order in which they need each other.
struct Deployment::Layers {
  std::unique_ptr<GhcLayer> ghc;
  std::unique_ptr<UpdatedCabalLayer> cabal;
  std::unique_ptr<SandboxLayer> sandbox;
  std::unique_ptr<AppLayer> app;
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
      repo_(CabalRepo::parse(run.options().get("cabal-repo"))) {
  source_.dir = source_dir;
  source_.project = read_project(source_dir);
  source_.configure_flags = checked_configure_flags(run.options());
  source_.extra_libs = run.options().words("sandbox-extra-libs");
  std::sort(source_.extra_libs.begin(), source_.extra_libs.end());
  run.use_hooks(source_dir);
  source_.packages = read_packages(source_dir, source_.project);
  source_.package = main_package(source_.packages);
  source_.digest = tree_digest(source_dir, is_not_source);
  cabal_version_ = run.options().get("cabal-version");
  if (cabal_version_.empty()) cabal_version_ = run.catalog().recommended_cabal();
}

std::optional<Constraints> Deployment::given_constraints() {
  const Options& options = run_.options();
  std::optional<fs::path> file;
  std::string url = options.get("constraints");
  if (!url.starts_with("https://") && !url.starts_with("http://")) url.clear();
  if (options.is_set("constraints") && url.empty()) {
    file = options.path("constraints");
  } else if (options.is_set("constraints-dir")) {
    const fs::path named = options.path("constraints-dir") / (label() + ".cabal.config");
    if (fs::exists(named)) file = named;
  }
  if (!file && url.empty()) {
    file = source_.project.freeze;
    source_.has_own_constraints = file && file->filename() == "cabal.project.freeze";
  }
  if (!file && url.empty()) return {};
  Constraints constraints =
      url.empty()
          ? Constraints::parse(read_file(*file), file->string())
          : Constraints::parse(run_.fetch(url, "the constraints", "Check HALCYON_CONSTRAINTS"),
                               log::redact(url));
  for (const std::string& warning : constraints.warnings) log::warning(warning);
  constraints.settings.clear();  // of the run that printed the file; this one has its own
  return constraints;
}

void Deployment::add_settings() {
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

/// "9.0.2" for the series 9.0, when that is the newest of it that is known.
std::string Deployment::newest_of(const std::string& series) const {
  const Catalog& catalog = run_.catalog();
  std::string newest;
  if (catalog.ghc(series) != nullptr) return series;
  for (const std::string& version : catalog.ghc_versions()) {
    const bool newer = newest.empty() || compare_versions(version, newest) > 0;
    if (version.starts_with(series + ".") && newer) newest = version;
  }
  return newest.empty() ? series : newest;
}

std::string Deployment::decide_ghc_version(const Constraints* known) const {
  const Constraint* pin = known == nullptr ? nullptr : known->find("base");
  const std::string base = pin == nullptr ? "" : pin->version;
  if (run_.options().is_set("ghc-url")) return named_ghc_version(base);
  if (!base.empty()) {
    const Release* release = run_.catalog().ghc_of_base(base);
    if (release == nullptr) {
      throw Error("ghc::unknown-version", "No known GHC comes with base " + base)
          .why("The constraints of " + label() + " ask for that version of base")
          .fix(known_versions_advice(run_.catalog().ghc_versions()));
    }
    if (!given_ghc_.empty() && release->version != given_ghc_) {
      throw Error("extra-apps::other-ghc",
                  label() + " cannot be built with the app's GHC " + given_ghc_)
          .why("Its constraints ask for base " + base + ", which comes with GHC " +
               release->version)
          .fix("Give it other constraints: " + label() +
               ".cabal.config in .halcyon-magic/extra-apps-constraints or "
               ".halcyon-magic/sandbox-extra-apps-constraints");
    }
    return release->version;
  }
  if (!given_ghc_.empty()) return given_ghc_;
  if (known != nullptr && !known->compiler.empty()) return newest_of(known->compiler);
  if (!source_.project.with_compiler.empty()) return newest_of(source_.project.with_compiler);
  const std::string option = run_.options().get("ghc-version");
  return option.empty() ? run_.catalog().recommended_ghc() : option;
}

const Constraints& Deployment::constraints() {
  if (has_constraints_) return source_.constraints;
  std::optional<Constraints> given = given_constraints();
  std::optional<Constraints> snapshot;
  if (!given) {
    snapshot = stack_constraints(run_, source_);
  } else if (given->is_snapshot()) {
    snapshot.swap(given);
    source_.has_own_constraints = false;
  }
  const Constraints* known = given ? &*given : snapshot ? &*snapshot : nullptr;
  ghc_version_ = decide_ghc_version(known);
  source_.constraints = given ? std::move(*given) : resolve(std::move(snapshot));
  has_constraints_ = true;
  remove_local_packages(source_.constraints, source_);
  if (source_.tests && given) add_constraints_of_tests();
  add_settings();
  return source_.constraints;
}

/// Puts extra apps and sources into the sandbox layer that is being built.
void Deployment::prepare_sandbox() {
  const fs::path dir = run_.workspace().layer_dir("sandbox");
  if (!sandbox_extra_apps_.empty()) copy_tree(sandbox_extra_apps_.installed(compiler()), dir);
  if (!sandbox_sources_.empty()) sandbox_sources_.make(source_.extra_packages);
}

Deployment::Layers Deployment::make_layers(bool any_age_of_index) {
  const Workspace& workspace = run_.workspace();
  Layers layers;
  layers.ghc = std::make_unique<GhcLayer>(workspace, ghc_version_);
  layers.cabal = std::make_unique<UpdatedCabalLayer>(workspace, run_.keeper(), cabal_version_,
                                                     repo_, any_age_of_index);
  layers.cabal->require(index_state());
  layers.sandbox = std::make_unique<SandboxLayer>(workspace, source_, layers.ghc->tag(),
                                                  ghc_version_, cabal_version_, repo_);
  layers.sandbox->before_dependencies([this] { prepare_sandbox(); });
  layers.app = std::make_unique<AppLayer>(workspace, source_, *layers.sandbox, ghc_version_, repo_);
  layers.app->reconfigure(run_.options().flag("app-reconfigure"));
  if (!extra_apps_.empty()) {
    layers.app->add_extra_apps(extra_apps_.digest(), [this](const fs::path& dir) {
      copy_tree(extra_apps_.installed(compiler()), dir);
    });
  }
  return layers;
}

Command Deployment::test_command() { return make_layers(true).app->test_command(); }

bool Deployment::may_build_dependencies() const {
  return !run_.options().flag("no-build") && !run_.options().flag("no-build-dependencies");
}

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
  if (may_build_dependencies()) return;
  std::string missing;
  const Layer* dependencies[] = {layers.ghc.get(), layers.cabal.get(), layers.sandbox.get()};
  for (const Layer* layer : dependencies) {
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

/// Whether the app layer will not have them from its last build.
bool Deployment::needs_extra_apps(const Step& app_step) {
  if (extra_apps_.empty() || !app_step.builds()) return false;
  if (app_step.means != Means::extended) return true;
  const Tag last = Tag::parse(app_step.source->manifest.tag, app_step.source->key);
  return last.get("extra-apps") != extra_apps_.digest();
}

void Deployment::make_app() {
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

  Layers layers = make_layers(true);
  const Step app_step = keeper.plan(*layers.app, options.flag("app-rebuild"));
  if (!rebuild_any && !keeps_layers() && !app_step.builds()) {
    log::step(label() + " did not change: using the app that is already built");
    keeper.realise(*layers.app);
    return;
  }
  require_builds_allowed(layers, app_step);
  const bool may_build = may_build_dependencies();
  if (rebuild_sandbox || keeper.plan(*layers.sandbox).builds()) layers = make_layers(false);
  log::step("Preparing layers");
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
  Layers layers = make_layers(true);
  log::step("Restoring layers");
  prepare_toolchain();
  const bool may_build = may_build_dependencies();
  run_.keeper().realise(*layers.ghc, false, may_build);
  run_.keeper().realise(*layers.cabal, false, may_build);
  run_.keeper().realise(*layers.sandbox, false, may_build);
  run_.keeper().realise(*layers.app, false, !run_.options().flag("no-build"));
  offer_source_distributions(run_.workspace());
  write_cabal_config(run_.workspace(), repo_);  // `paths` points cabal to it
}

void Deployment::install(const fs::path& root, const std::string& where) const {
  const Workspace& workspace = run_.workspace();
  const Hooks& hooks = workspace.hooks;
  const fs::path built = workspace.layer_dir("app");
  const fs::path target = root / workspace.prefix.relative_path();
  const std::string tag = read_file(built / "tag");
  const TempDir work(workspace.temp(), "install-");
  fs::path tree = built / "install";
  if (hooks.has("pre-install")) {  // which may change what is installed, but not the layer
    tree = work.path() / "install";
    copy_tree(built / "install", tree);
  }
  const std::vector<std::string> arguments{Tag::parse(tag, "tag").line(), source_.dir.string(),
                                           tree.string(), root.string()};
  hooks.run(workspace, "pre-install", arguments, source_.dir);
  const Stopwatch watch;
  log::begin("Installing " + label() + " into " + where);
  copy_tree(tree, target);
  const std::string extra = run_.options().get("app-extra-copy");
  if (!extra.empty()) copy_tree(source_.dir, target, is_not_source);
  if (extra == "build" || extra == "all") copy_tree(built / "dist", target / "dist-newstyle");
  log::end(watch.done());
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
  const Layers layers = make_layers(true);
  const Layer* dependencies[] = {layers.ghc.get(), layers.cabal.get(), layers.sandbox.get()};
  for (const Layer* layer : dependencies) {
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
  for (const char* name : {"ghc", "cabal", "sandbox", "app", "toolchain"}) {
    remove_layer(run_.workspace(), run_.workspace().layer_dir(name));
  }
}

void make_environment(Run& run) {
  const Options& options = run.options();
  std::string ghc_version = options.get("ghc-version");
  if (ghc_version.empty()) ghc_version = run.catalog().recommended_ghc();
  std::string cabal_version = options.get("cabal-version");
  if (cabal_version.empty()) cabal_version = run.catalog().recommended_cabal();
  const bool may_build = !options.flag("no-build") && !options.flag("no-build-dependencies");
  run.use_hooks({});
  log::step("Preparing layers");
  GhcLayer ghc(run.workspace(), ghc_version);
  run.keeper().realise(ghc, options.flag("ghc-rebuild"), may_build);
  UpdatedCabalLayer cabal(run.workspace(), run.keeper(), cabal_version,
                          CabalRepo::parse(options.get("cabal-repo")), false);
  run.keeper().realise(cabal, options.flag("cabal-rebuild") || options.flag("cabal-update"),
                       may_build);
}

}  // namespace halcyon
