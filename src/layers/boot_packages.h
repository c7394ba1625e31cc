#pragma once

#include <vector>

#include "haskell/package.h"
#include "layers/workspace.h"

namespace halcyon {

/// The packages that come with the GHC of the GHC layer, which must be there.
std::vector<Label> boot_packages(const Workspace& workspace);

}  // namespace halcyon
