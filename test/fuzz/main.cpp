// Runs the targets: under libFuzzer (HALCYON_FUZZ_TARGET names one), else on the files of
// directories, so that what was found once does not come back:  halcyon_fuzz TARGET DIRECTORY...
#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "fuzz.h"

namespace halcyon::fuzz {

std::map<std::string, Target>& targets() {
  static std::map<std::string, Target> all;
  return all;
}

namespace {

std::string output;  // what is told is not shown

Target find(const char* name) {
  log::capture(&output);
  const auto found = targets().find(name == nullptr ? "" : name);
  if (found != targets().end()) return found->second;
  std::fprintf(stderr, "HALCYON_FUZZ_TARGET is none of:");
  for (const auto& [known, target] : targets()) std::fprintf(stderr, " %s", known.c_str());
  std::fprintf(stderr, "\n");
  std::exit(2);
}

void run_one(Target target, std::string_view text) {
  output.clear();
  try {
    target(text);
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace halcyon::fuzz

#ifdef HALCYON_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const halcyon::fuzz::Target target =
      halcyon::fuzz::find(std::getenv("HALCYON_FUZZ_TARGET"));
  halcyon::fuzz::run_one(target, {reinterpret_cast<const char*>(data), size});
  return 0;
}

#else

int main(int argc, char** argv) {
  const halcyon::fuzz::Target target = halcyon::fuzz::find(argc > 1 ? argv[1] : nullptr);
  int count = 0;
  for (int i = 2; i < argc; ++i) {
    for (const auto& path : halcyon::walk(argv[i])) {
      halcyon::fuzz::run_one(target, halcyon::read_file(std::filesystem::path(argv[i]) / path));
      ++count;
    }
  }
  std::printf("%d inputs\n", count);
  return count > 0 ? 0 : 1;
}

#endif
