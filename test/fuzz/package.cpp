// Package descriptions: *.cabal.
#include "haskell/package.h"

#include "fuzz.h"

HALCYON_FUZZ(package, text) {
  const halcyon::Package package = halcyon::parse_package(text, "fuzz");
  halcyon::fuzz::require(!package.label().empty());
}
