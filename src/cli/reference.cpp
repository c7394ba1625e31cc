#include <fmt/format.h>

#include "base/text.h"
#include "cli/command_line.h"

namespace halcyon {
namespace {

constexpr std::string_view introduction =
    R"(<!-- Made by `halcyon reference`; change the tables in src/options and src/cli instead. -->

# Reference

An option is set by a flag (`--no-build`, `--prefix=DIR` or `--prefix DIR`), by a variable
(`HALCYON_NO_BUILD=1`) or, where a magic file is named below, by a file in the app's
`.halcyon-magic` directory. A flag beats a variable, which beats a magic file, which beats the default.
An empty value means *not set*; white space at the end of a value does not count. A flag that can be `0` or `1` may
stand without a value: it is `1` then.

A misspelt flag, or a value that is not allowed, is an error. A `HALCYON_` variable that is no option is
a warning.

Exit status: 0 done; 1 failed; 2 something has to be built, but may not be.
)";

std::string commands_part(bool hidden) {
  std::string text;
  for (const CommandInfo& command : command_table()) {
    if (command.hidden != hidden) continue;
    text += fmt::format("\n### `{}`\n\n    halcyon {}{}{}\n\n{}\n", command.name, command.name,
                        command.usage.empty() ? "" : " ", command.usage, command.help);
  }
  return text;
}

/// Text in which `<` would start an HTML tag.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '<') {
      result += "&lt;";
    } else {
      result += c;
    }
  }
  return result;
}

std::string default_of(const Option& option) {
  const std::string_view value = option.default_value;
  if (option.type == OptionType::version) return "the catalog's recommended version";
  if (value.empty()) return "none";
  if (value.starts_with('$')) return "`" + find_option(value.substr(1))->variable() + "`";
  return "`" + std::string(value) + "`";
}

std::string option_part(const Option& option) {
  std::string text = "\n### `" + option.variable() + "`\n\n| | |\n|---|---|\n";
  const auto row = [&text](std::string_view name, const std::string& value) {
    text += fmt::format("| {} | {} |\n", name, value);
  };
  row("Default", default_of(option));
  row("Allowed", allowed_values(option));
  if (option.has_flag) {
    const bool is_flag = option.type == OptionType::flag;
    row("Flag", fmt::format("`--{}{}`", option.name, is_flag ? "" : "=…"));
  }
  if (option.magic) row("Magic file", fmt::format("`.halcyon-magic/{}`", option.magic_name()));
  if (!option.arguments.empty()) row("Called with", fmt::format("`{}`", option.arguments));
  std::string notes;
  const auto note = [&notes](bool holds, std::string_view what) {
    if (holds) notes += (notes.empty() ? "" : "; ") + std::string(what);
  };
  note(option.ours, "not in the original's reference");
  note(option.secret, "never printed, never given to a child process");
  if (!notes.empty()) row("Note", notes);
  return text + "\n" + escaped(option.help) + "\n";
}

}  // namespace

std::string reference_page() {
  std::string text = std::string(introduction) + "\n## Commands\n" + commands_part(false);
  std::string_view section;
  for (const Option& option : option_table()) {
    if (option.section != section) text += "\n## " + std::string(option.section) + "\n";
    section = option.section;
    text += option_part(option);
  }
  return text + "\n## Internal commands\n" + commands_part(true);
}

}  // namespace halcyon
