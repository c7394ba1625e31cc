#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/process.h"

namespace halcyon {

/// Whether a variable is one of those that Heroku's add-on Bucketeer sets and we look at.
bool is_addon_variable(std::string_view name);

/// The private storage that an add-on's variables describe, as values of options by name: all of
/// it, or nothing when a part is missing. `chosen` has what was set for us, by option name. An
/// add-on's key is used only together with its own bucket at AWS: never when a key, another
/// bucket, another server or a storage directory was chosen.
std::map<std::string, std::string> addon_storage(const std::map<std::string, std::string>& chosen,
                                                 const Environment& environment);

}  // namespace halcyon
