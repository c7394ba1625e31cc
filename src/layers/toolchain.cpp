#include "layers/toolchain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/digest.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"

namespace halcyon {
namespace {

/// Where a toolchain starts from: compilers, the C library and the development packages that
/// Haskell packages link to most often. Those not installed are passed over.
// clang-format off
constexpr std::array<std::string_view, 27> roots{
    "gcc", "g++", "cpp", "make", "pkg-config", "pkgconf", "libc6-dev", "linux-libc-dev",
    "libgmp-dev", "libffi-dev", "zlib1g-dev", "libssl-dev", "libpq-dev", "libsqlite3-dev",
    "libncurses-dev", "libtinfo-dev", "libnuma-dev", "libbz2-dev", "liblzma-dev", "libzstd-dev",
    "libpcre3-dev", "libpcre2-dev", "libcurl4-openssl-dev", "libmysqlclient-dev",
    "libmariadb-dev", "libsasl2-dev", "libyaml-dev"};
// clang-format on

/// What a dependency must look like to be followed: no interpreters, no tools of the packaging.
bool belongs_to_toolchain(std::string_view name) {
  static constexpr std::array<std::string_view, 8> prefixes{
      "lib", "gcc-", "g++-", "cpp-", "linux-libc", "zlib1g", "pkgconf", "pkg-config"};
  static constexpr std::array<std::string_view, 3> unwanted{"libperl", "libpython", "libdpkg"};
  const auto starts = [name](std::string_view prefix) { return name.starts_with(prefix); };
  return std::any_of(prefixes.begin(), prefixes.end(), starts) &&
         std::none_of(unwanted.begin(), unwanted.end(), starts);
}

bool is_wanted(const std::string& path) {
  static constexpr std::array<std::string_view, 5> unwanted_dirs{
      "/usr/share/doc/", "/usr/share/man/", "/usr/share/info/", "/usr/share/locale/",
      "/usr/share/lintian/"};
  for (const std::string_view dir : unwanted_dirs) {
    if (path.starts_with(dir)) return false;
  }
  const std::string name = fs::path(path).filename().string();
  return name != "lto1" && name != "lto-dump" && name != "lto-dump-12" &&
         !name.starts_with("x86_64-linux-gnu-lto-dump");
}

/// On merged-/usr systems dpkg still lists /lib/…: all goes below usr, with links at the top.
fs::path place_in_tree(const fs::path& path) {
  static const std::set<std::string> merged{"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
  const fs::path relative = path.relative_path();
  return merged.contains(relative.begin()->string()) ? fs::path("usr") / relative : relative;
}

/// A compiler's own libraries: private copies, so that LD_LIBRARY_PATH leads to nothing else.
bool is_compiler_library(const std::string& name) {
  for (const char* prefix : {"libisl.so.", "libmpc.so.", "libmpfr.so.", "libgmp.so.", "libzstd.so.",
                             "libz.so.", "libpkgconf.so."}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

std::string query(const Environment& env, std::vector<std::string> argv) {
  if (find_program(argv.front(), env.at("PATH")).empty()) return {};
  Command command;
  command.argv = std::move(argv);
  command.env = env;
  command.output = Output::capture;
  const Outcome outcome = run(command);
  return outcome.ok() ? outcome.out : "";
}

}  // namespace

std::map<std::string, SystemPackage> installed_packages(const Environment& env) {
  std::map<std::string, SystemPackage> packages;
  const std::string text =
      query(env, {"dpkg-query", "-W", "-f",
                  "${db:Status-Status}\t${Package}\t${Version}\t${Pre-Depends}, ${Depends}\n"});
  for (const std::string& line : lines(text)) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields.size() != 4 || fields[0] != "installed") continue;
    SystemPackage package;
    package.version = fields[2];
    std::string alternatives = fields[3];
    std::replace(alternatives.begin(), alternatives.end(), '|', ',');
    for (const std::string& dependency : split(alternatives, ',')) {
      const std::vector<std::string> name = words(dependency);
      if (!name.empty()) package.dependencies.push_back(name[0].substr(0, name[0].find(':')));
    }
    packages[fields[1]] = std::move(package);
  }
  return packages;
}

std::vector<std::string> toolchain_packages(const std::map<std::string, SystemPackage>& installed) {
  std::set<std::string> chosen;
  std::vector<std::string> pending(roots.begin(), roots.end());
  while (!pending.empty()) {
    const std::string name = pending.back();
    pending.pop_back();
    const auto package = installed.find(name);
    if (package == installed.end() || !chosen.insert(name).second) continue;
    for (const std::string& dependency : package->second.dependencies) {
      if (belongs_to_toolchain(dependency)) pending.push_back(dependency);
    }
  }
  return {chosen.begin(), chosen.end()};
}

std::unique_ptr<ToolchainLayer> ToolchainLayer::of_this_machine(const Workspace& workspace) {
  const auto installed = installed_packages(workspace.system);
  std::vector<std::string> packages = toolchain_packages(installed);
  if (!installed.contains("gcc") || !installed.contains("libc6-dev")) return nullptr;
  std::string identity = "toolchain 1\n";
  for (const std::string& name : packages) {
    identity += name + " " + installed.at(name).version + "\n";
  }
  return std::unique_ptr<ToolchainLayer>(
      new ToolchainLayer(workspace, std::move(packages), sha1(identity)));
}

ToolchainLayer::ToolchainLayer(const Workspace& workspace, std::string digest)
    : Layer(workspace), digest_(std::move(digest)) {}

ToolchainLayer::ToolchainLayer(const Workspace& workspace, std::vector<std::string> packages,
                               std::string digest)
    : Layer(workspace), packages_(std::move(packages)), digest_(std::move(digest)) {}

bool ToolchainLayer::accepts(const Tag& found) const {
  return packages_.empty() ? found.matches_except(tag(), {"contents"}) : found == tag();
}

std::vector<std::string> ToolchainLayer::alternatives(Place place) const {
  if (!packages_.empty()) return {};
  return workspace().depot->archives(workspace().key("halcyon-toolchain-"), place);
}

std::string ToolchainLayer::archive_name() const {
  return fmt::format("halcyon-toolchain-{}{}", digest_, archive_suffix(format()));
}

std::string ToolchainLayer::problem(const fs::path& dir) const {
  return fs::exists(dir / "bin" / "gcc") ? "" : "it has no bin/gcc";
}

void ToolchainLayer::build() {
  const Workspace& ws = workspace();
  if (packages_.empty()) {
    throw Error("toolchain::missing", "The C toolchain for this machine is missing")
        .why("It has no compiler, and no toolchain for " + ws.os + " is in storage")
        .fix("Push once more, with storage configured: the push captures the toolchain");
  }
  const TempDir work(ws.temp(), "toolchain-");
  const fs::path tree = work.path() / "tree";
  for (const char* name : {"bin", "lib", "lib64"}) {
    fs::create_directories(tree / "usr" / name);
    fs::create_directory_symlink(fs::path("usr") / name, tree / name);
  }
  fs::remove(tree / "bin");  // our wrappers' place
  std::vector<std::string> listing{"dpkg-query", "-L"};
  listing.insert(listing.end(), packages_.begin(), packages_.end());
  std::set<fs::path> done;
  for (const std::string& path : lines(query(ws.system, listing))) {
    if (!path.starts_with('/') || !is_wanted(path)) continue;
    const fs::file_status status = fs::symlink_status(path);
    if (!fs::is_regular_file(status) && !fs::is_symlink(status)) continue;
    const fs::path place = place_in_tree(path);
    if (fs::is_directory(tree / place)) continue;  // /lib itself, a link on merged-/usr systems
    if (!done.insert(place).second) continue;
    fs::create_directories((tree / place).parent_path());
    if (fs::is_symlink(status)) {
      fs::path target = fs::read_symlink(path);
      // Absolute links would lead out of the tree, to the machine itself.
      if (target.is_absolute()) {
        target = place_in_tree(target).lexically_relative(place.parent_path());
      }
      fs::create_symlink(target, tree / place);
    } else {
      fs::copy_file(path, tree / place);
    }
    if (is_compiler_library(place.filename().string()) && fs::is_regular_file(path)) {
      fs::create_directories(tree / "compiler-lib");
      fs::copy_file(path, tree / "compiler-lib" / place.filename());
    }
  }
  write_wrappers(tree);
  fs::rename(tree, dir());
}

void ToolchainLayer::write_wrappers(const fs::path& tree) const {
  const std::string root = dir().string();
  const std::string environment = fmt::format(
      "LD_LIBRARY_PATH={0}/compiler-lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\n"
      "export LD_LIBRARY_PATH\n",
      root);
  const auto wrap = [&](const std::string& name, const std::string& program,
                        const std::string& flags) {
    if (!fs::exists(fs::symlink_status(tree / "usr" / "bin" / program))) return;
    write_file(tree / "bin" / name,
               fmt::format("#!/bin/sh\n{}exec {}/usr/bin/{} {}\"$@\"\n", environment, root, program,
                           flags),
               0755);
  };
  const std::string sysroot = fmt::format("--sysroot={} ", root);
  for (const char* name : {"gcc", "g++", "cpp"}) wrap(name, name, sysroot);
  wrap("cc", "gcc", sysroot);
  wrap("c++", "g++", sysroot);
  wrap("x86_64-linux-gnu-gcc", "gcc", sysroot);
  wrap("x86_64-linux-gnu-g++", "g++", sysroot);
  wrap("make", "make", "");
  if (!fs::exists(fs::symlink_status(tree / "usr" / "bin" / "pkg-config"))) return;
  write_file(tree / "bin" / "pkg-config",
             fmt::format("#!/bin/sh\n{0}PKG_CONFIG_SYSROOT_DIR={1}\n"
                         "PKG_CONFIG_LIBDIR={1}/usr/lib/x86_64-linux-gnu/pkgconfig:"
                         "{1}/usr/lib/pkgconfig:{1}/usr/share/pkgconfig\n"
                         "export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR\n"
                         "exec {1}/usr/bin/pkg-config \"$@\"\n",
                         environment, root),
             0755);
}

}  // namespace halcyon
