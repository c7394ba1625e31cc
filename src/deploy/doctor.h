#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process.h"

/// `halcyon doctor`: looks at everything a deploy will need, before it costs time or money.
namespace halcyon {

enum class Health { ok, warning, failed, skipped };
std::string_view to_string(Health health);

struct Finding {
  std::string check;  ///< "disk", "put": one word
  Health health = Health::ok;
  std::string detail;  ///< what was seen; one line or several
  std::string fix;     ///< commands, a line each; empty where there is nothing to mend
};

/// What a doctor is to look at.
struct Patient {
  std::map<std::string, std::string> flags;  ///< of the command line
  Environment environment;
  bool has_toolchain = false;  ///< a C toolchain was captured for this machine
};

/// Examines variables, stack, GHC's prerequisites, disk, cache, clock and storage. What could not
/// be looked at, because something before it failed, is skipped. Storage gets a small object with a
/// name of its own, which is removed again. Raises nothing: failures are findings.
std::vector<Finding> examine(const Patient& patient);

/// Prints findings to standard output: a line each with its fix below, or as JSON
/// (`{"ok": true, "checks": [{"check", "health", "detail", "fix"}]}`). Exit::failed when one
/// failed.
Exit print_findings(const std::vector<Finding>& findings, bool json);

}  // namespace halcyon
