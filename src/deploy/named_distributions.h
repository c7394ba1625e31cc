#pragma once

#include <string>

#include "haskell/catalog.h"
#include "options/options.h"

namespace halcyon {

/// Puts the distributions that HALCYON_GHC_URL and HALCYON_CABAL_URL name into the catalog, in
/// front of those that it has for the same version and this machine (`os`). Errors:
/// "distribution::incomplete" when the version or the checksum is missing, or the URL of either;
/// "distribution::no-file-name" for a URL that ends with no file name.
void add_named_distributions(Catalog& catalog, const Options& options, const std::string& os);

}  // namespace halcyon
