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

/// What fetches sources of dependencies: one-off dynos have no git either.
constexpr std::array<std::string_view, 2> git_roots{"git", "openssh-client"};

/// What a dependency must look like to be followed: no interpreters, no tools of the packaging.
bool belongs_to_toolchain(std::string_view name) {
  static constexpr std::array<std::string_view, 8> prefixes{
      "lib", "gcc-", "g++-", "cpp-", "linux-libc", "zlib1g", "pkgconf", "pkg-config"};
  static constexpr std::array<std::string_view, 3> unwanted{"libperl", "libpython", "libdpkg"};
  const auto starts = [name](std::string_view prefix) { return name.starts_with(prefix); };
  return std::any_of(prefixes.begin(), prefixes.end(), starts) && !name.ends_with("-perl") &&
         std::none_of(unwanted.begin(), unwanted.end(), starts);
}

bool is_wanted(const std::string& path) {
  static constexpr std::array<std::string_view, 13> unwanted_dirs{"/usr/share/doc/",
                                                                  "/usr/share/man/",
                                                                  "/usr/share/info/",
                                                                  "/usr/share/locale/",
                                                                  "/usr/share/lintian/",
                                                                  "/usr/share/bash-completion/",
                                                                  "/usr/share/perl5/",
                                                                  "/usr/share/gitweb/",
                                                                  "/usr/share/git-core/contrib/",
                                                                  "/usr/lib/git-core/mergetools/",
                                                                  "/usr/lib/openssh/",
                                                                  "/etc/bash_completion.d/",
                                                                  "/etc/ssh/"};
  // Large programs that neither compiling nor fetching needs.
  static const std::set<std::string> unwanted{"lto1",
                                              "lto-dump",
                                              "lto-dump-12",
                                              "scalar",
                                              "git-shell",
                                              "git-http-push",
                                              "git-http-backend",
                                              "git-daemon",
                                              "git-imap-send",
                                              "git-http-fetch",
                                              "scp",
                                              "sftp",
                                              "ssh-add",
                                              "ssh-agent",
                                              "ssh-keygen",
                                              "ssh-keyscan"};
  const auto is_above = [&path](std::string_view dir) { return path.starts_with(dir); };
  if (std::any_of(unwanted_dirs.begin(), unwanted_dirs.end(), is_above)) return false;
  const std::string name = fs::path(path).filename().string();
  return !unwanted.contains(name) && !name.starts_with("x86_64-linux-gnu-lto-dump");
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

namespace {

/// Those of `pending` that are installed, and what they need.
std::set<std::string> with_dependencies(const std::map<std::string, SystemPackage>& installed,
                                        std::vector<std::string> pending) {
  std::set<std::string> chosen;
  while (!pending.empty()) {
    const std::string name = pending.back();
    pending.pop_back();
    const auto package = installed.find(name);
    if (package == installed.end() || !chosen.insert(name).second) continue;
    for (const std::string& dependency : package->second.dependencies) {
      if (belongs_to_toolchain(dependency)) pending.push_back(dependency);
    }
  }
  return chosen;
}

/// The files of packages.
std::vector<std::string> files_of(const Environment& env,
                                  const std::vector<std::string>& packages) {
  if (packages.empty()) return {};
  std::vector<std::string> listing{"dpkg-query", "-L"};
  listing.insert(listing.end(), packages.begin(), packages.end());
  return lines(query(env, listing));
}

}  // namespace

std::vector<std::string> toolchain_packages(const std::map<std::string, SystemPackage>& installed) {
  std::vector<std::string> all(roots.begin(), roots.end());
  all.insert(all.end(), git_roots.begin(), git_roots.end());
  const std::set<std::string> chosen = with_dependencies(installed, std::move(all));
  return {chosen.begin(), chosen.end()};
}

std::vector<std::string> git_packages(const std::map<std::string, SystemPackage>& installed) {
  std::set<std::string> chosen = with_dependencies(installed, {git_roots.begin(), git_roots.end()});
  for (const std::string& name : with_dependencies(installed, {"libc6"})) chosen.erase(name);
  return {chosen.begin(), chosen.end()};
}

std::unique_ptr<ToolchainLayer> ToolchainLayer::of_this_machine(const Workspace& workspace) {
  const auto installed = installed_packages(workspace.system);
  std::vector<std::string> packages = toolchain_packages(installed);
  if (!installed.contains("gcc") || !installed.contains("libc6-dev")) return nullptr;
  std::string identity = "toolchain 2\n";
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
  std::set<fs::path> done;
  for (const std::string& path : files_of(ws.system, packages_)) {
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
  link_git_libraries(tree);
  write_wrappers(tree);
  fs::rename(tree, dir());
}

/// Git's libraries, for LD_LIBRARY_PATH: all of the tree's would hide the C library of the machine.
void ToolchainLayer::link_git_libraries(const fs::path& tree) const {
  const Environment& system = workspace().system;
  const fs::path links = tree / "git-lib";
  for (const std::string& path : files_of(system, git_packages(installed_packages(system)))) {
    const fs::path place = place_in_tree(path);
    const std::string name = place.filename().string();
    const bool is_library = name.starts_with("lib") && name.find(".so.") != std::string::npos;
    if (!is_library || !fs::is_regular_file(tree / place)) continue;
    fs::create_directories(links);
    if (!fs::exists(fs::symlink_status(links / name))) {
      fs::create_symlink(fs::path("..") / place, links / name);
    }
  }
}

void ToolchainLayer::write_wrappers(const fs::path& tree) const {
  const std::string root = dir().string();
  // A program of the tree, with private libraries and some more words of shell before it.
  const auto wrap = [&](const std::string& name, const std::string& program,
                        const std::string& libraries, const std::string& more,
                        const std::string& flags) {
    if (!fs::exists(fs::symlink_status(tree / "usr" / "bin" / program))) return;
    write_file(tree / "bin" / name,
               fmt::format("#!/bin/sh\n"
                           "LD_LIBRARY_PATH={0}/{1}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\n"
                           "export LD_LIBRARY_PATH\n{2}exec {0}/usr/bin/{3} {4}\"$@\"\n",
                           root, libraries, more, program, flags),
               0755);
  };
  const std::string sysroot = fmt::format("--sysroot={} ", root);
  for (const auto& [name, program] : {std::pair("gcc", "gcc"),
                                      {"g++", "g++"},
                                      {"cpp", "cpp"},
                                      {"cc", "gcc"},
                                      {"c++", "g++"},
                                      {"x86_64-linux-gnu-gcc", "gcc"},
                                      {"x86_64-linux-gnu-g++", "g++"}}) {
    wrap(name, program, "compiler-lib", "", sysroot);
  }
  wrap("make", "make", "compiler-lib", "", "");
  wrap("pkg-config", "pkg-config", "compiler-lib",
       fmt::format("PKG_CONFIG_SYSROOT_DIR={0}\n"
                   "PKG_CONFIG_LIBDIR={0}/usr/lib/x86_64-linux-gnu/pkgconfig:"
                   "{0}/usr/lib/pkgconfig:{0}/usr/share/pkgconfig\n"
                   "export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR\n",
                   root),
       "");
  // Both are compiled for their place below /usr. Certificates are every machine's own.
  wrap("git", "git", "git-lib",
       fmt::format("GIT_EXEC_PATH={0}/usr/lib/git-core\n"
                   "GIT_TEMPLATE_DIR={0}/usr/share/git-core/templates\n"
                   "export GIT_EXEC_PATH GIT_TEMPLATE_DIR\n",
                   root),
       "");
  wrap("ssh", "ssh", "git-lib", "", "");
}

}  // namespace halcyon
