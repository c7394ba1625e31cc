#include "layers/os_packages.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "layers/tools.h"

namespace halcyon {
namespace {

/// Debian Policy 5.6.7, with an optional version or architecture as apt takes them.
void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("+-.:=~").find(c) != std::string_view::npos;
  };
  const bool begins_well = !name.empty() && name.front() != '-' && name.front() != '=';
  if (begins_well && std::all_of(name.begin(), name.end(), allowed)) return;
  throw Error("packages::bad-name", "\"" + name + "\" is not the name of a Debian package")
      .why("HALCYON_SANDBOX_EXTRA_LIBS names it")
      .fix("apt-cache search tells names: libpq-dev, libgsl-dev");
}

/// apt-get with a state of its own: the system's is neither needed nor changed.
Command apt_get(const Workspace& workspace, const fs::path& state, std::vector<std::string> words) {
  Command command;
  command.argv = {"apt-get", "-q", "-y"};
  for (const std::string& option :
       {"Dir::State=" + (state / "state").string(), "Dir::Cache=" + (state / "cache").string(),
        std::string("Dir::State::status=/var/lib/dpkg/status"), std::string("Debug::NoLocking=1"),
        std::string("APT::Sandbox::User=")}) {
    command.argv.insert(command.argv.end(), {"-o", option});
  }
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.env = workspace.system;
  command.env["HOME"] = (workspace.temp() / "home").string();
  command.env["DEBIAN_FRONTEND"] = "noninteractive";
  command.env["PATH"] += ":/usr/sbin:/sbin";
  command.output = Output::file;
  command.log_file = workspace.log_file("packages");
  return command;
}

/// What was made for / lies below `target` now.
void relocate(const fs::path& target) {
  for (const fs::path& path : walk(target)) {
    const fs::path file = target / path;
    if (fs::is_symlink(fs::symlink_status(file))) {
      const fs::path to = fs::read_symlink(file);
      if (!to.is_absolute() || !fs::exists(fs::symlink_status(target / to.relative_path()))) {
        continue;
      }
      fs::remove(file);
      fs::create_symlink(to.relative_path().lexically_relative(path.parent_path()), file);
    } else if (file.extension() == ".pc") {
      std::string text;
      for (const std::string& line : lines(read_file(file))) {
        const std::size_t equals = line.find("=/usr");
        const bool is_variable = equals != std::string::npos && line.find(' ') > equals;
        text += is_variable ? line.substr(0, equals + 1) + target.string() + line.substr(equals + 1)
                            : line;
        text += "\n";
      }
      write_file(file, text);
    }
  }
}

}  // namespace

void install_os_packages(const Workspace& workspace, const std::vector<std::string>& names,
                         const fs::path& target) {
  for (const std::string& name : names) check_name(name);
  for (const char* tool : {"apt-get", "dpkg-deb"}) {
    if (!find_program(tool, workspace.tools().at("PATH")).empty()) continue;
    throw Error("packages::no-apt", std::string("There is no ") + tool + " on this machine")
        .why("HALCYON_SANDBOX_EXTRA_LIBS names Debian packages")
        .fix("Use a machine with Debian or Ubuntu, or install the libraries yourself");
  }
  const TempDir work(workspace.temp(), "packages-");
  for (const char* dir : {"state/lists/partial", "cache/archives/partial"}) {
    fs::create_directories(work.path() / dir);
  }
  Stopwatch watch;
  log::begin("Fetching native libraries: " + join(names, " "));
  run_tool(workspace, "update apt's lists", "packages::fetch-failed",
           apt_get(workspace, work.path(), {"update"}));
  std::vector<std::string> words{"install", "--download-only", "--reinstall",
                                 "--no-install-recommends"};
  words.insert(words.end(), names.begin(), names.end());
  // cabal asks it for most native libraries.
  if (find_program("pkg-config", workspace.tools().at("PATH")).empty()) {
    words.emplace_back("pkg-config");
  }
  run_tool(workspace, "fetch " + join(names, " "), "packages::fetch-failed",
           apt_get(workspace, work.path(), words));
  std::vector<fs::path> archives;
  for (const auto& entry : fs::directory_iterator(work.path() / "cache" / "archives")) {
    if (entry.path().extension() == ".deb") archives.push_back(entry.path());
  }
  std::sort(archives.begin(), archives.end());
  fs::create_directories(target);
  for (const fs::path& archive : archives) {
    Command unpack;
    unpack.argv = {"dpkg-deb", "--extract", archive.string(), target.string()};
    unpack.output = Output::file;
    unpack.log_file = workspace.log_file("packages");
    run_tool(workspace, "unpack " + archive.filename().string(), "packages::unpack-failed", unpack);
  }
  remove_tree(target / "usr" / "share" / "doc");
  remove_tree(target / "usr" / "share" / "man");
  relocate(target);
  log::end(fmt::format("{}, {} packages", watch.done(tree_size(target)), archives.size()));
}

std::vector<fs::path> library_dirs(const fs::path& dir) {
  std::vector<fs::path> found;
  for (const fs::path& lib : {dir / "usr" / "lib", dir / "lib"}) {
    if (!fs::is_directory(lib)) continue;
    for (const auto& entry : fs::directory_iterator(lib)) {  // multiarch: x86_64-linux-gnu
      if (entry.is_directory() && entry.path().filename().string().ends_with("-linux-gnu")) {
        found.push_back(entry.path());
      }
    }
    found.push_back(lib);
  }
  return found;
}

std::vector<fs::path> needed_libraries(const Workspace& workspace,
                                       const std::vector<fs::path>& programs, const fs::path& dir) {
  std::set<fs::path> needed;
  for (const fs::path& program : programs) {
    Command command;
    command.argv = {"ldd", program.string()};
    command.env = workspace.tools();
    command.output = Output::capture;
    for (const std::string& line : lines(run(command).out)) {
      const std::vector<std::string> fields = words(line);  // libx.so.1 => /dir/libx.so.1 (0x…)
      if (fields.size() < 3 || fields[1] != "=>") continue;
      const fs::path library = fields[2];
      const fs::path inside = library.lexically_relative(dir);
      if (!inside.empty() && *inside.begin() != "..") needed.insert(library);
    }
  }
  return {needed.begin(), needed.end()};
}

}  // namespace halcyon
