#pragma once

#include <string>

#include "base/process.h"
#include "options/options.h"

/// The commands of the programmer's reference. Each one runs to its end or raises an Error.
namespace halcyon {

class Deployment;
class Run;

/// `deploy`: restores or builds what the app needs, and installs it. `app` is a directory, a label
/// or a git URL; empty means the current directory, and GHC and Cabal alone when no app is there
/// (or HALCYON_NO_APP).
void command_deploy(Options& options, const Environment& environment, const std::string& app);
/// `build`: the same without installing; everything that is built is kept and uploaded. The app is
/// to be there, but with HALCYON_NO_APP.
void command_build(Options& options, const Environment& environment, const std::string& app);
/// `label`: prints "name-version" to standard output.
void command_label(Options& options, const Environment& environment, const std::string& app);
/// `executable`: prints the name of the first executable. Raises Error "app::no-executable".
void command_executable(Options& options, const Environment& environment, const std::string& app);
/// `restore`: all layers of the app, for cabal repl and GHCi; nothing is built unless
/// HALCYON_NO_BUILD and HALCYON_NO_BUILD_DEPENDENCIES are set to 0.
void command_restore(Options& options, const Environment& environment, const std::string& app);
/// The end of `restore`, once the app's source is at hand: restores, and tells how to use it.
void restore(Run& run, Deployment& deployment);
/// `constraints`: prints the constraints file that a deploy would use to standard output.
void command_constraints(Options& options, const Environment& environment, const std::string& app);
/// Writes what a command prints; Error "output::failed" when standard output takes it not.
void print(const std::string& text);
/// `paths`: the shell script that sets up the environment variables for an app directory.
std::string paths_script(const std::string& top_dir);

}  // namespace halcyon
