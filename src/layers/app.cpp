#include "layers/app.h"

#include <fmt/format.h>

#include <set>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "haskell/build_plan.h"
#include "haskell/data_files.h"
#include "layers/dependency_data.h"
#include "layers/os_packages.h"
#include "layers/tools.h"

namespace halcyon {
namespace {

constexpr const char* extra_apps_dir = "extra-apps";

bool same_content(const fs::path& a, const fs::path& b) {
  const fs::file_status sa = fs::symlink_status(a);
  const fs::file_status sb = fs::symlink_status(b);
  if (sa.type() != sb.type()) return false;
  if (fs::is_symlink(sa)) return fs::read_symlink(a) == fs::read_symlink(b);
  if (!fs::is_regular_file(sa)) return true;
  return sa.permissions() == sb.permissions() && fs::file_size(a) == fs::file_size(b) &&
         sha256_file(a) == sha256_file(b);
}

/// Lets cabal find what the sandbox fetched from version control, for as long as it runs.
class FetchedSources {
 public:
  FetchedSources(const fs::path& sandbox, const fs::path& dist) : link_(fetched_sources(dist)) {
    remove_tree(link_);
    const fs::path fetched = fetched_sources(sandbox / "dist");
    if (!fs::exists(fetched)) return;
    fs::create_directories(dist);
    fs::create_directory_symlink(fetched, link_);
  }
  ~FetchedSources() {
    std::error_code ignored;
    if (fs::is_symlink(link_)) fs::remove(link_, ignored);
  }
  FetchedSources(const FetchedSources&) = delete;
  FetchedSources& operator=(const FetchedSources&) = delete;

 private:
  fs::path link_;
};

/// Removes cabal's notes on what it compared: those of the project, and those that each component
/// has beside its setup-config. Without the latter it holds a component for configured.
void forget_configuration(const fs::path& dist) {
  std::vector<fs::path> notes{dist / "cache"};
  for (const fs::path& path : walk(dist)) {
    if (path.filename() == "setup-config") notes.push_back(dist / path.parent_path() / "cache");
  }
  for (const fs::path& path : notes) remove_tree(path);
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
  if (!extra_digest_.empty()) tag.add("extra-apps", extra_digest_);
  if (!source_.build_tools.empty()) tag.add("build-tools", source_.build_tools);
  tag.add("prefix", workspace().prefix.string())
      .add("ghc", ghc_version_)
      .add("sandbox", sandbox_tag_digest_)
      .add("source", source_.digest);
  if (source_.tests) tag.add("tests", "yes");
  return tag;
}

void AppLayer::add_extra_apps(std::string digest, std::function<void(const fs::path&)> copy) {
  extra_digest_ = std::move(digest);
  copy_extra_ = std::move(copy);
}

std::string AppLayer::archive_name() const {
  return fmt::format("halcyon-app-{}-{}{}{}", ghc_version_, source_.package.label(),
                     source_.tests ? "-tests" : "", archive_suffix(format()));
}

std::string AppLayer::problem(const fs::path& dir) const {
  return fs::is_directory(dir / "install") ? "" : "it has nothing to install";
}

std::vector<std::string> AppLayer::deployed_part() const {
  return {"install", dependency_data_dir};
}

std::vector<Similar> AppLayer::similar() const {
  for (const std::string& key : names_in_all_formats(this->key())) {
    auto found = workspace().depot->find(key);
    if (!found) continue;
    const Tag theirs = Tag::parse(found->manifest.tag, key);
    if (!theirs.matches_except(tag(), {"source", "sandbox", "extra-apps"})) continue;
    return {{std::move(*found), "only what changed is compiled"}};
  }
  return {};
}

void AppLayer::build() {
  fs::create_directories(dir());
  copy_tree(source_.dir, dir() / "source", is_not_copied);
  compile();
}

void AppLayer::extend() {
  std::vector<std::string> differences = synchronise(source_.dir, dir() / "source");
  std::erase_if(differences, [this](const std::string& difference) {
    return source_.project_files.contains(difference.substr(2));
  });
  log::step("Examining source changes");
  for (const std::string& difference : differences) log::detail(difference);
  if (reconfigure_) forget_configuration(dir() / "dist");
  compile();
}

void AppLayer::compile() {
  const Workspace& ws = workspace();
  log::step("Compiling " + source_.package.label());
  write_constraints(source_, dir() / "source");
  offer_source_distributions(ws);
  const std::vector<std::string> places{(dir() / "source").string(), (dir() / "dist").string()};
  run_hook("pre-build", places, places.front());
  Command command = cabal({"v2-build", source_.tests ? "all" : "all:exes"});
  command.log_file = ws.log_file("app");
  const FetchedSources fetched(ws.layer_dir("sandbox"), dir() / "dist");
  run_tool(ws, "compile " + source_.package.label(), "app::compile-failed", command);
  run_hook("post-build", places, places.front());
  collect();
}

Command AppLayer::cabal(const std::vector<std::string>& words) const {
  const Workspace& ws = workspace();
  Command command = project_command(ws, repo_, dir() / "source", dir() / "dist", words);
  command.argv.emplace_back("--offline");
  choose_components(command, source_);
  command.argv.insert(command.argv.end(), source_.configure_flags.begin(),
                      source_.configure_flags.end());
  if (!source_.extra_libs.empty()) {
    command.argv.push_back("--ghc-options=-optl-Wl,-rpath," + (ws.prefix / "lib").string());
  }
  // cabal takes the prefix of packages that are built in place from here: data files are looked
  // for below it at run time.
  command.env["CABAL_DIR"] = ws.prefix.string();
  return command;
}

Command AppLayer::test_command() const {
  return cabal({"v2-test", "all", "--test-show-details=streaming"});
}

void AppLayer::collect() const {
  const fs::path install = dir() / "install";
  remove_tree(install);
  fs::create_directories(install / "bin");
  const BuildPlan plan = BuildPlan::read(dir() / "dist" / "cache" / "plan.json");
  const std::vector<fs::path>& programs = plan.local_executables();
  for (const fs::path& program : programs) {
    fs::create_hard_link(program, install / "bin" / program.filename());
  }
  if (fs::is_empty(install / "bin")) {
    throw Error("app::no-executable", source_.package.label() + " has no executable")
        .why("Its .cabal file describes none, or none that can be built")
        .fix("Add an `executable` stanza to " + source_.package.file.filename().string());
  }
  strip_tree(workspace(), install);
  // What is installed serves cabal as well: the larger program, which GHC links anew with any
  // change, is not worth being kept.
  for (const fs::path& program : programs) {
    fs::remove(program);
    fs::create_hard_link(install / "bin" / program.filename(), program);
  }
  const fs::path sandbox = workspace().layer_dir("sandbox");
  if (!source_.extra_libs.empty()) {
    for (const fs::path& library : needed_libraries(workspace(), programs, sandbox)) {
      fs::create_directories(install / "lib");
      fs::copy_file(fs::canonical(library), install / "lib" / library.filename());
    }
  }
  for (const Package& package : source_.packages) collect_data_files(package);
  const fs::path data = dir() / dependency_data_dir;
  remove_tree(data);
  collect_dependency_data(sandbox / "store", plan.linked_units(), data);
  if (!extra_digest_.empty()) add_extra(install);
}

void AppLayer::add_extra(const fs::path& install) const {
  const fs::path extra = dir() / extra_apps_dir / extra_digest_;
  if (!fs::exists(extra)) {
    remove_tree(extra.parent_path());
    copy_extra_(extra);
  }
  const fs::path data = extra / dependency_data_dir;
  if (fs::exists(data)) copy_tree(data, dir() / dependency_data_dir);
  const auto is_data = [](const fs::path& path) { return path == dependency_data_dir; };
  for (const fs::path& path : walk(extra, is_data)) {
    if (fs::is_directory(extra / path) || !fs::exists(fs::symlink_status(install / path))) continue;
    throw Error("extra-apps::clash", "An extra app installs a file that the app has too")
        .why(path.string())
        .fix("Leave the extra app out (HALCYON_EXTRA_APPS), or rename its program");
  }
  copy_tree(extra, install, is_data);
}

void AppLayer::collect_data_files(const Package& package) const {
  const std::string datadir = baked_data_dir(dir() / "dist", package.name);
  const fs::path inside = fs::path(datadir).lexically_relative(workspace().prefix);
  if (datadir.empty() || inside.empty() || *inside.begin() == "..") return;
  const fs::path place = package.file.parent_path().lexically_relative(source_.dir);
  const fs::path base = (dir() / "source" / place / package.data_dir).lexically_normal();
  for (const fs::path& file : expand_data_files(base, package.data_files)) {
    const fs::path target = dir() / "install" / inside / file;
    fs::create_directories(target.parent_path());
    fs::copy_file(base / file, target);
  }
}

}  // namespace halcyon
