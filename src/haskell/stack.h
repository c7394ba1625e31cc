#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "haskell/constraints.h"

/// stack.yaml and the snapshots that it stands on (docs.haskellstack.org: "Project-specific
/// configuration", "Snapshot location", "Snapshot specification", "Package location").
namespace halcyon {

/// A git repository among the dependencies, as cabal.project's source-repository-package.
struct SourceRepository {
  std::string location;
  std::string commit;
  std::vector<std::string> subdirs;
};

/// What stack.yaml says, or one snapshot: both add packages to the snapshot that they name.
struct StackFile {
  std::string snapshot;         ///< where it is, as written: "lts-22.7", "ghc-9.6.4", a URL, a file
  std::string snapshot_sha256;  ///< of its text, or empty
  std::string compiler;         ///< the version in `compiler: ghc-9.6.4`, or empty
  std::map<std::string, std::string> pins;  ///< name → version, of the package repository
  std::map<std::string, std::vector<std::string>> flags;  ///< name → "+flag", "-flag"
  std::vector<std::string> dropped;  ///< packages of the snapshot to be left out
  // In stack.yaml only:
  std::vector<std::string> packages;  ///< directories: those of `packages`, then local extra-deps
  std::vector<SourceRepository> repositories;
  bool allow_newer = false;
  std::vector<std::string> passed_over;  ///< fields that change a build and that we do not know
};

/// Parse stack.yaml, and a snapshot. `origin` names the text in errors: "yaml::malformed",
/// "stack::malformed" with the line; "stack::unsupported" for archives and other things that
/// cabal.project cannot say.
StackFile parse_stack_project(std::string_view text, const std::string& origin);
StackFile parse_stack_snapshot(std::string_view text, const std::string& origin);

/// Fetches the text of a URL.
using Fetch = std::function<std::string(const std::string& url)>;

/// The versions that a project's snapshots and extra-deps choose, the flags that go with them, and
/// GHC's version as Constraints::compiler. Published snapshots are below `base_url` (lts/22/7.yaml,
/// nightly/2024/1/19.yaml); files are relative to `dir`. Errors: "stack::unknown-snapshot" for
/// what names none, "stack::no-compiler", "stack::wrong-checksum", what `fetch` raises.
Constraints resolve_snapshot(const StackFile& project, const std::filesystem::path& dir,
                             const std::string& base_url, const Fetch& fetch);

/// What of stack.yaml has to be said in a cabal.project: the packages, and what may change
/// dependencies or concerns the project's own packages, which are not in `resolved`. Both are empty
/// for a project of one package that says nothing more.
struct StackProjectText {
  std::string packages;
  std::string settings;
};
StackProjectText cabal_project_text(const StackFile& project, const Constraints& resolved);

}  // namespace halcyon
