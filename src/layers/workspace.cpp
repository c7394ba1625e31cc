#include "layers/workspace.h"

#include "base/files.h"
#include "layers/os_packages.h"

namespace halcyon {

namespace {

/// HALCYON_SANDBOX_EXTRA_LIBS, found by compiler, linker, pkg-config and run time.
void add_native_libraries(Environment& env, const fs::path& sandbox) {
  const auto add = [&env](const std::string& variable, const fs::path& dir) {
    std::string& value = env[variable];
    value += (value.empty() ? "" : ":") + dir.string();
  };
  for (const fs::path& dir : library_dirs(sandbox)) {
    add("LIBRARY_PATH", dir);
    add("LD_LIBRARY_PATH", dir);
    add("PKG_CONFIG_PATH", dir / "pkgconfig");
    if (dir.filename() != "lib") add("CPATH", sandbox / "usr" / "include" / dir.filename());
  }
  if (fs::is_directory(sandbox / "usr" / "include")) add("CPATH", sandbox / "usr" / "include");
  if (fs::is_directory(sandbox / "usr" / "share" / "pkgconfig")) {
    add("PKG_CONFIG_PATH", sandbox / "usr" / "share" / "pkgconfig");
  }
}

}  // namespace

Environment Workspace::tools() const {
  Environment env = system;
  std::string path;
  for (const char* dir :
       {"sandbox/bin", "sandbox/usr/bin", "ghc/bin", "cabal/bin", "toolchain/bin"}) {
    path += (root() / dir).string() + ":";
  }
  const auto old_path = env.find("PATH");
  env["PATH"] = path + (old_path == env.end() ? "/usr/local/bin:/usr/bin:/bin" : old_path->second);
  env["HOME"] = (temp() / "home").string();
  // Libraries that the machine has without their development links (GHC layer, `lib-links`).
  env["LIBRARY_PATH"] = (layer_dir("ghc") / "lib-links").string();
  add_native_libraries(env, layer_dir("sandbox"));
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
