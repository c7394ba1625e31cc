#include "layers/app.h"

#include <fmt/format.h>

#include <set>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "haskell/build_plan.h"
#include "haskell/data_files.h"
#include "layers/os_packages.h"
#include "layers/tools.h"

namespace halcyon {
namespace {

bool same_content(const fs::path& a, const fs::path& b) {
  const fs::file_status sa = fs::symlink_status(a);
  const fs::file_status sb = fs::symlink_status(b);
  if (sa.type() != sb.type()) return false;
  if (fs::is_symlink(sa)) return fs::read_symlink(a) == fs::read_symlink(b);
  if (!fs::is_regular_file(sa)) return true;
  return sa.permissions() == sb.permissions() && fs::file_size(a) == fs::file_size(b) &&
         sha256_file(a) == sha256_file(b);
}

}  // namespace

std::vector<std::string> synchronise(const fs::path& source, const fs::path& copy) {
  std::vector<std::string> differences;
  const std::vector<fs::path> wanted = walk(source, is_not_copied);
  const std::set<fs::path> names(wanted.begin(), wanted.end());
  const std::vector<fs::path> present = walk(copy, is_not_copied);
  for (const fs::path& path : present) {
    if (names.contains(path)) continue;
    if (!fs::is_directory(fs::symlink_status(copy / path))) {
      differences.push_back("- " + path.string());
    }
    remove_tree(copy / path);
  }
  for (const fs::path& path : wanted) {
    const fs::path from = source / path;
    const fs::path to = copy / path;
    const bool existed = fs::exists(fs::symlink_status(to));
    if (existed && same_content(from, to)) continue;
    if (existed) remove_tree(to);
    if (fs::is_directory(fs::symlink_status(from))) {
      fs::create_directories(to);
      continue;
    }
    fs::create_directories(to.parent_path());
    if (fs::is_symlink(fs::symlink_status(from))) {
      fs::copy_symlink(from, to);
    } else {
      fs::copy_file(from, to);  // its time is now: newer than what was made of the old one
    }
    differences.push_back((existed ? "* " : "+ ") + path.string());
  }
  return differences;
}

AppLayer::AppLayer(const Workspace& workspace, const AppSource& source, const SandboxLayer& sandbox,
                   std::string ghc_version, CabalRepo repo)
    : Layer(workspace),
      source_(source),
      sandbox_tag_digest_(sha1(sandbox.tag().text())),
      ghc_version_(std::move(ghc_version)),
      repo_(std::move(repo)) {}

Tag AppLayer::tag() const {
  Tag tag = base_tag(source_.package.label(), workspace().hooks.digest(name()));
  if (!source_.configure_flags.empty()) {
    tag.add("configure-flags", join(source_.configure_flags, " "));
  }
  return tag.add("prefix", workspace().prefix.string())
      .add("ghc", ghc_version_)
      .add("sandbox", sandbox_tag_digest_)
      .add("source", source_.digest);
}

std::string AppLayer::archive_name() const {
  return fmt::format("halcyon-app-{}-{}{}", ghc_version_, source_.package.label(),
                     archive_suffix(format()));
}

std::string AppLayer::problem(const fs::path& dir) const {
  return fs::is_directory(dir / "install") ? "" : "it has nothing to install";
}

std::vector<Similar> AppLayer::similar() const {
  auto found = workspace().depot->find(key());
  if (!found) return {};
  const Tag theirs = Tag::parse(found->manifest.tag, key());
  if (!theirs.matches_except(tag(), {"source", "sandbox"})) return {};
  return {{std::move(*found), "only what changed is compiled"}};
}

void AppLayer::build() {
  fs::create_directories(dir());
  copy_tree(source_.dir, dir() / "source", is_not_copied);
  compile();
}

void AppLayer::extend() {
  const std::vector<std::string> differences = synchronise(source_.dir, dir() / "source");
  log::step("Examining source changes");
  for (const std::string& difference : differences) log::detail(difference);
  if (reconfigure_) remove_tree(dir() / "dist" / "cache");
  compile();
}

void AppLayer::compile() {
  const Workspace& ws = workspace();
  log::step("Compiling " + source_.package.label());
  write_constraints(source_, dir() / "source");
  offer_source_distributions(ws);
  const std::vector<std::string> places{(dir() / "source").string(), (dir() / "dist").string()};
  run_hook("pre-build", places, places.front());
  Command command = cabal_command(ws, repo_, dir() / "source", dir() / "dist",
                                  {"v2-build", "--offline", "all:exes"});
  command.argv.insert(command.argv.end(), source_.configure_flags.begin(),
                      source_.configure_flags.end());
  if (!source_.extra_libs.empty()) {
    command.argv.push_back("--ghc-options=-optl-Wl,-rpath," + (ws.prefix / "lib").string());
  }
  // cabal takes the prefix of packages that are built in place from here: data files are looked
  // for below it at run time.
  command.env["CABAL_DIR"] = ws.prefix.string();
  command.log_file = ws.log_file("app");
  run_tool(ws, "compile " + source_.package.label(), "app::compile-failed", command);
  run_hook("post-build", places, places.front());
  collect();
}

void AppLayer::collect() const {
  const fs::path install = dir() / "install";
  remove_tree(install);
  fs::create_directories(install / "bin");
  const BuildPlan plan = BuildPlan::read(dir() / "dist" / "cache" / "plan.json");
  std::vector<fs::path> programs;
  for (const fs::path& program : plan.local_executables()) {
    fs::copy_file(program, install / "bin" / program.filename());
    programs.push_back(program);
  }
  if (fs::is_empty(install / "bin")) {
    throw Error("app::no-executable", source_.package.label() + " has no executable")
        .why("Its .cabal file describes none, or none that can be built")
        .fix("Add an `executable` stanza to " + source_.package.file.filename().string());
  }
  strip_tree(workspace(), install);
  const fs::path sandbox = workspace().layer_dir("sandbox");
  if (!source_.extra_libs.empty()) {
    for (const fs::path& library : needed_libraries(workspace(), programs, sandbox)) {
      fs::create_directories(install / "lib");
      fs::copy_file(fs::canonical(library), install / "lib" / library.filename());
    }
  }
  const std::string datadir = baked_data_dir(dir() / "dist", source_.package.name);
  const fs::path inside = fs::path(datadir).lexically_relative(workspace().prefix);
  if (datadir.empty() || inside.empty() || *inside.begin() == "..") return;
  const fs::path base = dir() / "source" / source_.package.data_dir;
  for (const fs::path& file : expand_data_files(base, source_.package.data_files)) {
    fs::create_directories((install / inside / file).parent_path());
    fs::copy_file(base / file, install / inside / file);
  }
}

}  // namespace halcyon
