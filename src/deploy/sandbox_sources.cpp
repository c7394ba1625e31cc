#include "deploy/sandbox_sources.h"

#include <algorithm>

#include "base/digest.h"
#include "base/log.h"
#include "haskell/git_sources.h"
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
    sources_.push_back({std::move(origin), {}});
  }
}

bool SandboxSources::take(std::string& project_text) {
  std::vector<GitSource> taken = take_git_sources(project_text);
  for (GitSource& source : taken) {
    const std::string url =
        source.location + (source.revision.empty() ? "" : "#" + source.revision);
    sources_.push_back({AppOrigin::parse(url, {}), std::move(source.subdirs)});
  }
  return !taken.empty();
}

bool SandboxSources::uses_git() const {
  return std::any_of(sources_.begin(), sources_.end(), [](const Source& source) {
    return source.origin.kind == AppOrigin::Kind::git;
  });
}

/// What branches and tags name is asked once in a run.
void SandboxSources::pin() {
  for (Source& source : sources_) {
    if (source.origin.kind != AppOrigin::Kind::git) continue;
    source.origin.git.branch = run_.git().commit(source.origin.git);
  }
}

const std::string& SandboxSources::digest() {
  if (empty() || !digest_.empty()) return digest_;
  pin();
  std::string text;
  for (const Source& source : sources_) {
    text += source.origin.identity(run_) + "\n";
    for (const std::string& subdir : source.subdirs) text += "subdir " + subdir + "\n";
  }
  digest_ = sha1(text);
  return digest_;
}

void SandboxSources::make(const fs::path& dir) {
  pin();
  for (const Source& source : sources_) {
    const TempDir work(run_.workspace().temp(), "sdist-");
    const fs::path copy = work.path() / "source";
    copy_tree(source.origin.fetch(run_), copy, is_not_copied);
    fs::create_directories(dir);
    // A project of several packages offers all of them; a package alone needs no other.
    const bool whole_project =
        source.subdirs.empty() && !has_description(copy) && fs::exists(copy / project_file);
    if (whole_project) {
      pack(source.origin, copy, dir);
      continue;
    }
    std::vector<std::string> subdirs = source.subdirs;
    if (subdirs.empty()) subdirs.emplace_back(".");
    for (const std::string& subdir : subdirs) {
      read_package(copy / subdir);  // says what is missing
      write_file(copy / subdir / project_file, "packages: .\n");
      pack(source.origin, copy / subdir, dir);
    }
  }
}

void SandboxSources::pack(const AppOrigin& origin, const fs::path& project, const fs::path& dir) {
  const Workspace& ws = run_.workspace();
  const TempDir dist(ws.temp(), "sdist-");
  Command sdist = cabal_command(ws, run_.cabal_repo(),
                                {"v2-sdist", "all", "--output-directory=" + dir.string(),
                                 "--builddir=" + dist.path().string()});
  sdist.dir = project;
  sdist.output = Output::file;
  sdist.log_file = ws.log_file("sandbox");
  run_tool(ws, "pack the source " + origin.text, "sandbox-sources::failed", sdist);
}

}  // namespace halcyon
