#include "layers/workspace.h"

namespace halcyon {

Environment Workspace::tools() const {
  Environment env = system;
  std::string path;
  for (const char* layer : {"sandbox", "ghc", "cabal", "toolchain"}) {
    path += (layer_dir(layer) / "bin").string() + ":";
  }
  const auto old_path = env.find("PATH");
  env["PATH"] = path + (old_path == env.end() ? "/usr/local/bin:/usr/bin:/bin" : old_path->second);
  env["HOME"] = (temp() / "home").string();
  // Libraries that the machine has without their development links (GHC layer, `lib-links`).
  env["LIBRARY_PATH"] = (layer_dir("ghc") / "lib-links").string();
  return env;
}

bool Workspace::has_compiler() const { return !find_program("gcc", tools().at("PATH")).empty(); }

Environment system_environment(const Environment& ours) {
  Environment env;
  for (const char* name : {"PATH", "TMPDIR", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY",
                           "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}) {
    const auto found = ours.find(name);
    if (found != ours.end() && !found->second.empty()) env[name] = found->second;
  }
  // A UTF-8 locale works around Cabal issue #1883 (reference, `paths`).
  const auto lang = ours.find("LANG");
  env["LANG"] = lang == ours.end() || lang->second.empty() ? "C.UTF-8" : lang->second;
  return env;
}

}  // namespace halcyon
