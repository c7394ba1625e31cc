#include "haskell/catalog.h"

#include "fuzz.h"

HALCYON_FUZZ(catalog, text) { halcyon::Catalog::parse(text, "fuzz"); }
