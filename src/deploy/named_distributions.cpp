#include "deploy/named_distributions.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

namespace halcyon {
namespace {

/// The release that the options of a tool ("ghc", "cabal") name; its version is empty if none.
Release named_release(const Options& options, const std::string& tool, const std::string& os) {
  const std::string names[] = {tool + "-url", tool + "-sha256", tool + "-version"};
  const auto variable = [](const std::string& name) { return find_option(name)->variable(); };
  if (!options.is_set(names[0]) && !options.is_set(names[1])) return {};
  for (const std::string& name : names) {
    if (options.is_set(name)) continue;
    const std::string set = options.is_set(names[0]) ? names[0] : names[1];
    throw Error("distribution::incomplete",
                variable(set) + " is set, but " + variable(name) + " is not")
        .why("A distribution is named by its version, its URL and its checksum")
        .fix("heroku config:set " + variable(name) + "=...\nor unset " + variable(set));
  }
  Release release;
  release.version = options.get(names[2]);
  release.distributions = {{os, options.get(names[0]), lower(options.get(names[1]))}};
  const std::string file = release.distributions.front().file_name();
  if (file.empty() || file.starts_with('.')) {
    throw Error("distribution::no-file-name",
                variable(names[0]) +
                    " does not end with a file name: " + log::redact(options.get(names[0])))
        .fix("Give the URL of the archive itself");
  }
  return release;
}

}  // namespace

void add_named_distributions(Catalog& catalog, const Options& options, const std::string& os) {
  if (const Release ghc = named_release(options, "ghc", os); !ghc.version.empty()) {
    catalog.add_ghc(ghc);
  }
  if (const Release cabal = named_release(options, "cabal", os); !cabal.version.empty()) {
    catalog.add_cabal(cabal);
  }
}

}  // namespace halcyon
