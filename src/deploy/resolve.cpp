#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "deploy/deployment.h"
#include "deploy/snapshot.h"
#include "layers/boot_packages.h"

namespace halcyon {

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
  const bool may_build = may_build_dependencies();
  GhcLayer ghc(run_.workspace(), ghc_version_);
  run_.keeper().realise(ghc, false, may_build);
  UpdatedCabalLayer cabal(run_.workspace(), run_.keeper(), cabal_version_, repo_, false);
  cabal.require(index_state());
  run_.keeper().realise(cabal, false, may_build);
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

}  // namespace halcyon
