#include "deploy/sandbox_sources.h"

#include <algorithm>

#include "base/digest.h"
#include "base/log.h"
#include "haskell/package.h"
#include "layers/app_source.h"
#include "layers/tools.h"

namespace halcyon {
namespace {

bool has_description(const fs::path& dir) {
  const fs::directory_iterator entries(dir);
  return std::any_of(begin(entries), end(entries),
                     [](const auto& entry) { return entry.path().extension() == ".cabal"; });
}

}  // namespace

SandboxSources::SandboxSources(Run& run, const fs::path& source_dir) : run_(run) {
  for (const std::string& word : run.options().words("sandbox-sources")) {
    AppOrigin origin = AppOrigin::parse(word, source_dir);
    if (origin.kind == AppOrigin::Kind::label) {
      throw Error("sandbox-sources::label", "There is no directory " + origin.text)
          .why(
              "HALCYON_SANDBOX_SOURCES takes directories and git URLs; packages of the package "
              "server need not be named")
          .fix("Give a directory, relative to the app's source, or a git URL");
    }
    origins_.push_back(std::move(origin));
  }
}

const std::string& SandboxSources::digest() {
  if (empty() || !digest_.empty()) return digest_;
  std::string text;
  for (const AppOrigin& origin : origins_) text += origin.identity(run_) + "\n";
  digest_ = sha1(text);
  return digest_;
}

void SandboxSources::make(const fs::path& dir) {
  const Workspace& ws = run_.workspace();
  for (const AppOrigin& origin : origins_) {
    const TempDir work(ws.temp(), "sdist-");
    const fs::path copy = work.path() / "source";
    copy_tree(origin.fetch(run_), copy, is_not_copied);
    // A project of several packages offers all of them; a package alone needs no other.
    const bool whole_project = !has_description(copy) && fs::exists(copy / "cabal.project");
    if (!whole_project) {
      read_package(copy);  // says what is missing
      write_file(copy / "cabal.project", "packages: .\n");
    }
    fs::create_directories(dir);
    Command sdist = cabal_command(ws, run_.cabal_repo(),
                                  {"v2-sdist", "all", "--output-directory=" + dir.string(),
                                   "--builddir=" + (work.path() / "dist").string()});
    sdist.dir = copy;
    sdist.output = Output::file;
    sdist.log_file = ws.log_file("sandbox");
    run_tool(ws, "pack the source " + origin.text, "sandbox-sources::failed", sdist);
  }
}

}  // namespace halcyon
