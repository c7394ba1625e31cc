// The source-repository-package stanzas of cabal.project.
#include "haskell/git_sources.h"

#include "fuzz.h"

HALCYON_FUZZ(git_sources, text) {
  std::string project(text);
  halcyon::take_git_sources(project);
}
