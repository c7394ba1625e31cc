#include "archive/file_list.h"
#include "fuzz.h"

HALCYON_FUZZ(files, text) {
  const halcyon::FileList files = halcyon::parse_files(text, "fuzz");
  halcyon::fuzz::require(halcyon::parse_files(halcyon::format_files(files), "fuzz") == files);
  for (const auto& [path, entry] : files) {
    halcyon::fuzz::require(!path.starts_with('/') &&
                           ("/" + path + "/").find("/../") == std::string::npos);
  }
}
