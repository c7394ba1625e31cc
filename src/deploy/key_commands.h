#pragma once

#include <string>
#include <vector>

#include "options/options.h"

namespace halcyon {

/// `halcyon keys create` prints a new pair of keys, and how to set them; `halcyon keys show` prints
/// the public key of HALCYON_SIGNING_KEY. Raises Error
/// "cli::bad-usage", "keys::none" and those of Keyring.
void command_keys(const Options& options, const std::vector<std::string>& words);

}  // namespace halcyon
