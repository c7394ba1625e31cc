#include "layers/hooks.h"

#include <unistd.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/log.h"
#include "layers/tools.h"
#include "layers/workspace.h"

namespace halcyon {

bool of_toolchain(const std::string& hook) {
  return hook.starts_with("ghc-") || hook.starts_with("cabal-");
}

void Hooks::add(const std::string& name, fs::path script) { scripts_[name] = std::move(script); }

void Hooks::keep_toolchain() {
  std::erase_if(scripts_, [](const auto& hook) { return !of_toolchain(hook.first); });
}

std::string Hooks::digest(std::string_view layer) const {
  std::string identity;
  for (const auto& [name, script] : scripts_) {
    const bool ours = name.starts_with(std::string(layer) + "-");
    if (ours) identity += name + " " + sha256_file(script) + "\n";
  }
  return identity.empty() ? "" : sha1(identity);
}

std::string Hooks::qualified(const std::string& version, std::string_view layer) const {
  const std::string hooks = digest(layer);
  return hooks.empty() ? version : version + "." + hooks.substr(0, 7);
}

void Hooks::run(const Workspace& workspace, const std::string& name,
                const std::vector<std::string>& arguments, const fs::path& dir) const {
  const auto found = scripts_.find(name);
  if (found == scripts_.end()) return;
  const fs::path& script = found->second;
  if (::access(script.c_str(), X_OK) != 0) {
    throw Error("hook::not-executable", "The " + name + " hook cannot be executed")
        .why(script.string() + " is not an executable file")
        .fix("chmod +x " + script.string());
  }
  log::step("Executing the " + name + " hook");
  Command command;
  command.argv = {script.string()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.dir = dir;
  command.env = workspace.tools();
  command.env["HALCYON_APP_DIR"] = workspace.app_dir.string();
  command.env["HALCYON_PREFIX"] = workspace.prefix.string();
  command.log_file = workspace.log_file("hooks");
  run_tool(workspace, "run the " + name + " hook", "hook::failed", command);
}

std::vector<std::string> hook_names() {
  return {"ghc-pre-build",    "ghc-post-build",    "cabal-pre-build",   "cabal-post-build",
          "cabal-pre-update", "cabal-post-update", "sandbox-pre-build", "sandbox-post-build",
          "app-pre-build",    "app-post-build",    "pre-install",       "post-install"};
}

}  // namespace halcyon
