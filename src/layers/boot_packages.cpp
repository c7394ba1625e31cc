#include "layers/boot_packages.h"

#include "base/error.h"
#include "base/text.h"

namespace halcyon {

std::vector<Label> boot_packages(const Workspace& workspace) {
  Command list;
  list.argv = {(workspace.layer_dir("ghc") / "bin" / "ghc-pkg").string(), "list", "--global",
               "--simple-output"};
  list.env = workspace.tools();
  list.output = Output::capture;
  const Outcome outcome = run(list);
  if (!outcome.ok()) {
    throw Error("ghc::not-working", "GHC does not say which packages come with it")
        .why(outcome.errors);
  }
  std::vector<Label> packages;
  for (const std::string& word : words(outcome.out)) packages.push_back(parse_label(word));
  return packages;
}

}  // namespace halcyon
