#pragma once

#include <string>

#include "base/process.h"
#include "options/options.h"

/// The commands of the programmer's reference. Each one runs to its end or raises an Error.
namespace halcyon {

/// `deploy`: restores or builds what the app needs, and installs it. `app` is a directory; empty
/// means the current directory, and GHC and Cabal alone when no app is there (or HALCYON_NO_APP).
void command_deploy(Options& options, const Environment& environment, const std::string& app);
/// `build`: the same without installing; everything that is built is kept and uploaded.
void command_build(Options& options, const Environment& environment, const std::string& app);
/// `label`: prints "name-version" to standard output.
void command_label(Options& options, const std::string& app);
/// `constraints`: prints the constraints file that a deploy would use to standard output.
void command_constraints(Options& options, const Environment& environment, const std::string& app);
/// `paths`: the shell script that sets up the environment variables for an app directory.
std::string paths_script(const std::string& top_dir);

}  // namespace halcyon
