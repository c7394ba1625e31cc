#include "layers/tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace halcyon {
namespace {

/// The last lines of a text, for an error's cause.
std::string tail(const std::string& text, std::size_t count) {
  std::vector<std::string> all = lines(text);
  if (all.size() > count) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(count));
  return join(all, "\n");
}

enum class Binary { no, object, archive };

Binary kind_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string magic(8, '\0');
  in.read(magic.data(), 8);
  if (magic.starts_with("\177ELF")) return Binary::object;
  if (magic == "!<arch>\n") return Binary::archive;
  return Binary::no;
}

}  // namespace

void run_tool(const Workspace& workspace, const std::string& doing, const std::string& id,
              Command command) {
  const bool quoted = command.output == Output::quote;
  if (command.env.empty()) command.env = workspace.tools();
  fs::create_directories(command.env["HOME"]);
  if (!command.log_file.empty()) fs::create_directories(command.log_file.parent_path());
  const Outcome outcome = run(command);
  if (outcome.ok()) return;
  Error error(id, "Cannot " + doing);
  error.why(fs::path(command.argv.front()).filename().string() + " ended with " +
            outcome.describe() + (quoted ? "; its output is above" : ""));
  const std::string last = tail(outcome.errors, 20);
  if (!quoted && !last.empty()) error.why(last);
  constexpr std::uint64_t nearly_nothing = 4U << 20U;
  if (free_space(workspace.root()) < nearly_nothing) {
    error.why("The disk of " + workspace.root().string() + " is full")
        .fix("Free some space there (`df -h` tells how much is left) and run it again");
  }
  if (!command.log_file.empty()) error.why("The full log is in " + command.log_file.string());
  throw error;
}

void strip_tree(const Workspace& workspace, const fs::path& dir) {
  const Environment env = workspace.tools();
  if (find_program("strip", env.at("PATH")).empty()) return;
  std::vector<std::string> objects;
  std::vector<std::string> archives;
  for (const fs::path& path : walk(dir)) {
    const fs::path file = dir / path;
    if (!fs::is_regular_file(fs::symlink_status(file))) continue;
    const Binary kind = kind_of(file);
    if (kind == Binary::object && file.extension() != ".o") objects.push_back(file.string());
    if (kind == Binary::archive) archives.push_back(file.string());
  }
  const auto strip = [&env](const char* flag, const std::vector<std::string>& files) {
    constexpr std::size_t batch = 200;
    for (std::size_t i = 0; i < files.size(); i += batch) {
      Command command;
      command.argv = {"strip", "--preserve-dates", flag, "--"};
      const auto from = files.begin() + static_cast<std::ptrdiff_t>(i);
      const auto count = std::min(batch, files.size() - i);
      command.argv.insert(command.argv.end(), from, from + static_cast<std::ptrdiff_t>(count));
      command.env = env;
      command.output = Output::file;
      run(command);  // a file that strip does not know stays as it is
    }
  };
  strip("--strip-unneeded", objects);
  strip("--strip-debug", archives);
}

}  // namespace halcyon
