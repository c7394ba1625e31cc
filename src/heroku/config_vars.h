#pragma once

#include <filesystem>

#include "base/process.h"

namespace halcyon {

/// The config vars that concern us: HALCYON_ variables from ENV_DIR (one file each, exact bytes),
/// but for those that the buildpack decides itself. Names that are no variable names are passed
/// over; a missing directory gives none.
Environment read_config_vars(const std::filesystem::path& env_dir);

/// Tells them in the log, secret ones as "(secret)".
void tell_config_vars(const Environment& vars);

}  // namespace halcyon
