// Whole archives: nothing appears beside the directory that they are unpacked into.
#include "archive/archive.h"

#include "base/error.h"
#include "base/files.h"
#include "fuzz.h"

HALCYON_FUZZ(archive, text) {
  const halcyon::TempDir outer("/dev/shm");
  halcyon::write_file(outer.path() / "victim", "untouched");
  halcyon::StringSource source(text);
  halcyon::UnpackOptions options;
  options.max_bytes = 1U << 20U;
  options.max_entries = 1000;
  options.threads = 1;
  try {
    halcyon::unpack(source, outer.path() / "tree", "/app/ghc", options);
  } catch (const halcyon::Error&) {
  }
  for (const auto& path : halcyon::walk(outer.path())) {
    halcyon::fuzz::require(path == "victim" || *path.begin() == "tree");
  }
  halcyon::fuzz::require(halcyon::read_file(outer.path() / "victim") == "untouched");
}
