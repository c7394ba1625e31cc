#include "base/platform.h"

#include <sched.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace halcyon {
namespace {

/// The value of NAME=value in an os-release file, without quotes.
std::string os_release_field(const std::string& text, const std::string& name) {
  for (const std::string& line : lines(text)) {
    if (!line.starts_with(name + "=")) continue;
    std::string value{trim(std::string_view(line).substr(name.size() + 1))};
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')) {
      value = value.substr(1, value.size() - 2);
    }
    return lower(value);
  }
  return {};
}

/// The smaller of the machine's memory and our control group's limit, in bytes.
std::uint64_t memory_limit() {
  const auto pages = static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_PHYS_PAGES)));
  std::uint64_t limit = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  for (const char* file :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    if (const auto text = read_file_if_any(file)) {
      if (const auto value = parse_number(trim(*text))) limit = std::min(limit, *value);
    }
  }
  return limit;
}

}  // namespace

std::string os_identifier(const std::filesystem::path& os_release) {
  const std::string text = read_file_if_any(os_release).value_or("");
  const std::string id = os_release_field(text, "ID");
  std::string version = os_release_field(text, "VERSION_ID");
  if (version.empty()) version = os_release_field(text, "VERSION_CODENAME");
  std::replace(version.begin(), version.end(), '.', '-');
  const auto plain = [](const std::string& word) {
    return std::all_of(word.begin(), word.end(),
                       [](char c) { return is_word_char(c) || c == '-'; });
  };
  if (id.empty() || !plain(id) || !plain(version)) {
    throw Error("platform::unknown", "Cannot tell which operating system this is")
        .why(os_release.string() + " does not name one (ID and VERSION_ID)");
  }
  utsname name{};
  uname(&name);
  std::string machine = name.machine;
  if (machine == "x86_64") machine = "x64";
  if (machine == "aarch64") machine = "arm64";
  return "linux-" + id + (version.empty() ? "" : "-" + version) + "-" + machine;
}

std::string multiarch_triplet() {
  utsname name{};
  uname(&name);
  return std::string(name.machine) + "-linux-gnu";
}

unsigned job_count() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  unsigned cores = 1;
  if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) {
    cores = static_cast<unsigned>(std::max(1, CPU_COUNT(&cpus)));
  }
  const auto by_memory = static_cast<unsigned>(memory_limit() >> 30U);
  return std::clamp(by_memory, 1U, cores);
}

std::filesystem::path self_path() {
  std::error_code failure;
  auto linked = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (!failure) return linked;
  // Without /proc the kernel's own word remains: the name that was executed.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel passes it as a number
  const auto* const executed = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  if (executed != nullptr) {
    auto path = std::filesystem::canonical(executed, failure);
    if (!failure) return path;
  }
  throw Error("platform::no-proc", "Cannot find the helper's own file")
      .why("/proc is not mounted: " + failure.message())
      .fix("Mount /proc, or call the helper by its full path");
}

}  // namespace halcyon
