#pragma once

#include <vector>

#include "deploy/doctor.h"
#include "options/options.h"

/// `halcyon verify`: is everything still what was built?
namespace halcyon {

/// Compares the layers on this machine with their lists of files, the archives in the cache with
/// their manifests, and what storage says of its archives with theirs; signatures too, where there
/// are trusted keys. Waits for a run that is at work; changes nothing. A finding for each layer and
/// archive. Raises the errors of malformed keys; what else cannot be looked at is a finding.
std::vector<Finding> verify(const Options& options);

}  // namespace halcyon
