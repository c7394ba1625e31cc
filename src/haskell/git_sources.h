#pragma once

#include <string>
#include <vector>

namespace halcyon {

/// A git repository that cabal.project takes packages from (cabal user guide, "Taking a dependency
/// from a source code repository").
struct GitSource {
  std::string location;
  std::string revision;              ///< a commit, tag or branch; empty: the default branch
  std::vector<std::string> subdirs;  ///< where its packages are; none: at its top
};

/// Takes the stanzas `source-repository-package` out of the text of a project file, so that the
/// repositories can be fetched without cabal. Those that say more than a git URL, a revision and
/// directories are left to cabal: other kinds of repositories, commands, abbreviated commits, and
/// stanzas inside conditions.
std::vector<GitSource> take_git_sources(std::string& text);

}  // namespace halcyon
