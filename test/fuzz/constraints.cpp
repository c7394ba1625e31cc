// Freeze files and constraints files of every cabal, and Stackage's cabal.config.
#include "haskell/constraints.h"

#include "fuzz.h"

HALCYON_FUZZ(constraints, text) {
  const auto constraints = halcyon::Constraints::parse(text, "fuzz");
  const auto again = halcyon::Constraints::parse(constraints.format(), "fuzz");
  halcyon::fuzz::require(again.digest() == constraints.digest());
}
