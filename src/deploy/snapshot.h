#pragma once

#include "deploy/run.h"
#include "layers/app_source.h"

/// Versions that a Stackage snapshot chooses, and what the solver makes of them.
namespace halcyon {

/// What the stack.yaml of an app says: the versions of its snapshot and its extra-deps, nothing
/// without stack.yaml. What cabal has to know of it otherwise is put into `source`.
std::optional<Constraints> stack_constraints(Run& run, AppSource& source);

/// Adds that the packages which come with GHC are to be GHC's own, but those that the snapshot has
/// a version of. The GHC layer must be there.
void leave_to_ghc(const Workspace& workspace, Constraints& snapshot);

/// As solve_constraints, among the versions of a snapshot. Warns of dependencies that the snapshot
/// does not have: those are the newest ones.
Constraints solve_within(const Workspace& workspace, const CabalRepo& repo, const AppSource& source,
                         const Constraints& snapshot);

}  // namespace halcyon
