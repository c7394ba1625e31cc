#include <fmt/format.h>

#include "base/platform.h"
#include "base/text.h"
#include "deploy/commands.h"
#include "deploy/storage_commands.h"

namespace halcyon {
namespace {

/// Puts directories before what a variable holds, unless they are in it already. An empty entry
/// would mean the current directory, so none is made.
std::string extend(std::string_view variable, const std::vector<std::string>& dirs) {
  return fmt::format(
      "case \":${{{0}:-}}:\" in\n"
      "  *\":{1}:\"*) ;;\n"
      "  *) export {0}=\"{1}${{{0}:+:${0}}}\" ;;\n"
      "esac\n",
      variable, join(dirs, ":"));
}

}  // namespace

std::string paths_script(const std::string& top_dir) {
  const std::string app = "$HALCYON_APP_DIR";
  const std::string layers = app + "/.halcyon";
  const std::string triplet = multiarch_triplet();
  std::vector<std::string> programs{"$HALCYON_TOP_DIR/bin"};
  for (const std::string& top : {app, app + "/usr", layers + "/sandbox", layers + "/sandbox/usr",
                                 layers + "/ghc", layers + "/cabal", layers + "/toolchain"}) {
    programs.push_back(top + "/bin");
  }
  std::vector<std::string> headers;
  std::vector<std::string> libraries;
  std::vector<std::string> descriptions;
  for (const std::string& top : {app, app + "/usr", layers + "/sandbox", layers + "/sandbox/usr"}) {
    headers.push_back(top + "/include");
    libraries.push_back(top + "/lib");
    if (!top.ends_with("/usr")) continue;
    // Debian keeps what is different on other processors in directories named after the processor.
    headers.push_back(top + "/include/" + triplet);
    libraries.push_back(top + "/lib/" + triplet);
    for (const std::string& dir : {"/lib/" + triplet, std::string("/lib"), std::string("/share")}) {
      descriptions.push_back(top + dir + "/pkgconfig");
    }
  }
  std::vector<std::string> link_libraries = libraries;
  link_libraries.push_back(layers + "/ghc/lib-links");
  // The words of the original's library, which its users had in their shells.
  std::string words;
  for (const std::string_view name : s3_command_names()) {
    words += fmt::format("s3_{0}() {{ halcyon s3 {0} \"$@\"; }}\n", name);
  }
  return "export HALCYON_TOP_DIR=" + shell_quote(top_dir) + "\n" +
         "export HALCYON_APP_DIR=\"${HALCYON_APP_DIR:-/app}\"\n" + extend("PATH", programs) +
         extend("CPATH", headers) + extend("LIBRARY_PATH", link_libraries) +
         extend("LD_LIBRARY_PATH", libraries) + extend("PKG_CONFIG_PATH", descriptions) +
         "if [ -e \"" + layers + "/sandbox/tag\" ]; then export CABAL_CONFIG=\"" + layers +
         "/cabal.config\"; fi\n" + words + "export LANG=\"${LANG:-C.UTF-8}\"\n";
}

}  // namespace halcyon
