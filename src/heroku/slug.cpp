#include "heroku/slug.h"

#include <algorithm>

#include "base/files.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "haskell/catalog.h"

namespace halcyon {
namespace {

// Sourced by bash at the start of every dyno. A helper that does not run must not keep the app from
// starting.
constexpr const char* profile =
    "export HALCYON_NO_SELFUPDATE=1\n"
    "eval \"$(\"$HOME/.halcyon/bin/halcyon\" paths 2>/dev/null || true)\"\n";

}  // namespace

void write_slug(const fs::path& build_dir, const SlugParts& parts) {
  const fs::path ours = build_dir / ".halcyon";
  halcyon::copy_file(self_path(), ours / "bin" / "halcyon");
  halcyon::copy_file(installed_catalog(), ours / "bin" / "catalog.json");
  halcyon::copy_file(parts.source_archive, ours / "source.tar.gz");
  write_file_lightly(ours / "stack", parts.stack + "\n");
  write_file_lightly(ours / "app-id", parts.app_id + "\n");
  write_file_lightly(ours / "built", format_timestamp(std::chrono::system_clock::now()) + "\n");
  write_file_lightly(ours / "toolchain-digest", parts.toolchain + "\n");
  write_file_lightly(build_dir / ".profile.d" / "halcyon.sh", profile);
}

std::string web_executable(const Package& package) {
  const auto& all = package.executables;
  for (const std::string& name : {package.name, std::string("web")}) {
    if (std::find(all.begin(), all.end(), name) != all.end()) return name;
  }
  return all.empty() ? "" : all.front();
}

void write_procfile(const fs::path& build_dir, const Package& package) {
  if (fs::exists(build_dir / "Procfile")) return;
  // One that is not buildable is described, but not installed.
  Package installed = package;
  std::erase_if(installed.executables, [&build_dir](const std::string& name) {
    return !fs::exists(build_dir / "bin" / name);
  });
  const std::string executable = web_executable(installed);
  if (executable.empty()) return;
  write_file_lightly(build_dir / "Procfile", "web: bin/" + executable + "\n");
  log::detail("The app has no Procfile: using web: bin/" + executable);
  if (installed.executables.size() > 1) {
    log::detail("It has other executables too: " + join(installed.executables, ", "));
    log::detail("To run another one, add a Procfile:  web: bin/<executable>");
  }
}

}  // namespace halcyon
