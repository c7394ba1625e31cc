#pragma once

#include <filesystem>
#include <string>

namespace halcyon {

/// The OS identifier of archives and storage keys (user guide, "Package tiers"):
/// "linux-debian-12-x64", "linux-ubuntu-24-04-x64", from an os-release file.
/// Raises Error "platform::unknown" when the file does not tell.
std::string os_identifier(const std::filesystem::path& os_release = "/etc/os-release");

/// This machine's name in Debian's library directories (usr/lib/x86_64-linux-gnu).
std::string multiarch_triplet();

/// How many compile jobs this machine bears: its cores, at most one for each GiB of memory.
unsigned job_count();

/// The path of the running helper.
std::filesystem::path self_path();

}  // namespace halcyon
