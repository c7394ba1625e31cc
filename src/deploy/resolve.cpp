#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "deploy/deployment.h"
#include "deploy/snapshot.h"
#include "layers/boot_packages.h"

namespace halcyon {

std::optional<Constraints> Deployment::given_constraints() {
  const Options& options = run_.options();
  std::optional<fs::path> file;
  std::string url = options.get("constraints");
  if (!is_web_url(url)) url.clear();
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

std::string Deployment::named_ghc_version(const std::string& base) const {
  std::string version = run_.options().get("ghc-version");
  const Release* release = run_.catalog().ghc(version);
  if (!base.empty() && !release->base.empty() && release->base != base) {
    throw Error("ghc::wrong-base",
                fmt::format("GHC {} comes with base {}, not {}", version, release->base, base))
        .why("HALCYON_GHC_URL names that GHC, the constraints of " + label() + " another base")
        .fix("heroku config:unset HALCYON_GHC_URL HALCYON_GHC_SHA256\nor freeze the app anew");
  }
  return version;
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
  return run_.ghc_version();
}

// The catalog does not know every GHC's base: one that is named by URL is asked itself.
void Deployment::check_base() const {
  const Constraint* base = source_.constraints.find("base");
  const Release* release = run_.catalog().ghc(ghc_version_);
  if (base == nullptr || base->version.empty() || !release->base.empty()) return;
  for (const Label& package : boot_packages(run_.workspace())) {
    if (package.name != "base" || package.version == base->version) continue;
    throw Error("ghc::wrong-base", fmt::format("GHC {} comes with base {}, not {}", ghc_version_,
                                               package.version, base->version))
        .why("The constraints of " + label() + " ask for that version of base")
        .fix("Name the GHC that they were made with, or freeze the app anew");
  }
}

void Deployment::prepare_solver() {
  prepare_toolchain();
  const bool may_build = run_.may_build_dependencies();
  GhcLayer ghc(run_.workspace(), ghc_version_);
  run_.keeper().realise(ghc, false, may_build);
  run_.keeper().realise(*make_cabal(false), false, may_build);
  if (sandbox_sources_.empty()) return;
  packed_sources_.emplace(run_.workspace().temp(), "sources-");
  sandbox_sources_.make(packed_sources_->path());
  source_.extra_packages = packed_sources_->path();
}

Constraints Deployment::resolve(std::optional<Constraints> snapshot) {
  log::step(snapshot ? "Choosing versions: " + label() + " names a Stackage snapshot"
                     : "Resolving constraints: " + label() + " has no constraints file");
  prepare_solver();
  if (snapshot) {
    leave_to_ghc(run_.workspace(), *snapshot);
    return solve_within(run_.workspace(), repo_, source_, *snapshot);
  }
  Constraints constraints = solve_constraints(run_.workspace(), repo_, source_);
  log::warning(
      "Using the newest versions of all dependencies: this build is not reproducible.\n"
      "Freeze them, and commit the file:\n"
      "  halcyon constraints > cabal.project.freeze");
  return constraints;
}

/// Freeze files are mostly made without test suites: what these need besides is the newest that
/// fits.
void Deployment::add_constraints_of_tests() {
  log::step("Resolving constraints of the test suites");
  std::vector<std::string> added;
  prepare_solver();
  const Constraints resolved =
      solve_constraints(run_.workspace(), repo_, source_, &source_.constraints);
  for (const auto& [name, constraint] : resolved.all()) {
    if (source_.constraints.find(name) != nullptr) continue;
    source_.constraints.set(name, constraint);
    added.push_back(name + "-" + constraint.version);
  }
  if (added.empty()) return;
  source_.has_own_constraints = false;
  log::detail("Not in the constraints file, so the newest that fit: " + join(added, ", "));
  log::detail("To freeze them:  cabal freeze --enable-tests");
}

const Constraints& Deployment::constraints() {
  if (has_constraints_) return source_.constraints;
  std::optional<Constraints> given = given_constraints();
  std::optional<Constraints> snapshot;
  if (!given) {
    snapshot = stack_constraints(run_, source_);
    const auto text = source_.project_files.find(project_file);
    if (text != source_.project_files.end()) sandbox_sources_.take(text->second);
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

}  // namespace halcyon
