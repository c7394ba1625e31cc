#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "options/options.h"

/// `halcyon s3 ...`: buckets by hand (manual "Bucket organization", library reference "s3_list" and
/// its neighbours).
namespace halcyon {

/// The names of the commands: "list", "download", ...
std::vector<std::string_view> s3_command_names();

/// Carries out the command that `words` begin with, on any bucket of HALCYON_S3_ENDPOINT, with the
/// key of the options; requests are not signed where there is none. The log tells what is done,
/// standard output has the keys of a listing. Raises Error "cli::bad-usage", "s3::no-such-object"
/// and those of S3Storage; Exit::redirected, refused or server_failed say what the server's answer
/// was. `check` of an object that is not there is Exit::refused without an Error.
Exit command_s3(const Options& options, const std::vector<std::string>& words);

}  // namespace halcyon
