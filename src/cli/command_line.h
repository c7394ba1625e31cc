#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options/options.h"

/// The command line, `--help`, the reference page.
namespace halcyon {

struct CommandInfo {
  std::string_view name;
  std::string_view usage;    ///< what follows the name: "[APP] [OPTION...]"
  std::string_view summary;  ///< one line of `--help`
  std::string_view help;     ///< the reference page's text
  std::size_t max_arguments;
  bool takes_options;
  bool hidden;  ///< not in `--help`
};

/// Every command, in the order of the help.
std::span<const CommandInfo> command_table();
const CommandInfo* find_command(std::string_view name);

/// A parsed command line.
struct CommandLine {
  std::string command;  ///< empty only beside `help` or `version`
  std::vector<std::string> arguments;
  std::map<std::string, std::string> flags;
  bool help = false;
  bool version = false;
  bool json = false;
};

/// `halcyon COMMAND [APP] [OPTION...]`; options anywhere, `--x=V` and `--x V`, `--` ends options.
/// Raises Error "cli::unknown-option" / "cli::unknown-command" / "cli::bad-usage", each with the
/// nearest known name and what is allowed.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

/// The text of `--help` (of one command, or of the program).
std::string help_text(std::string_view command);
/// The reference page (docs/reference.md), generated from the tables.
std::string reference_page();

}  // namespace halcyon
