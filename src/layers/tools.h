#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/process.h"
#include "layers/workspace.h"

namespace halcyon {

/// Runs a tool in the layers' environment; a failure is an Error with `id`, what was being done,
/// the last lines of its output and the log file.
void run_tool(const Workspace& workspace, const std::string& doing, const std::string& id,
              Command command);

/// Strips every ELF file below `dir` of symbols that are not needed (archives: of debugging
/// information). Without `strip` on PATH nothing happens.
void strip_tree(const Workspace& workspace, const std::filesystem::path& dir);

}  // namespace halcyon
