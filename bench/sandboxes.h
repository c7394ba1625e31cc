#pragma once

#include <filesystem>
#include <string>

#include "haskell/constraints.h"
#include "layers/sandbox_index.h"

/// A bucket full of sandboxes, for the row `match`.
namespace halcyon::bench {

/// The constraints of one of many apps: 75 packages, of which some are its own.
Constraints constraints_of(int app);
/// What an app has that has grown from the app number 4321 by one package.
Constraints wanted_constraints();

/// Writes what the builders of so many sandboxes would have stored, with empty archives.
void write_sandboxes(const std::filesystem::path& dir, int count);
/// Puts a directory's files into a bucket, over several connections.
void upload(const std::filesystem::path& dir, const std::string& url, const std::string& bucket);
/// Plans the sandbox layer of wanted_constraints() and prints, as JSON, what that took.
void match(const std::string& url, const std::string& bucket);

}  // namespace halcyon::bench
