#include "base/text.h"
#include "cli/command_line.h"

namespace halcyon {
namespace {

constexpr std::size_t text_column = 34;
constexpr std::size_t width = 96;

std::string first_sentence(std::string_view text) {
  const std::size_t end = text.find_first_of(".:");
  for (std::size_t at = end; at != std::string_view::npos; at = text.find_first_of(".:", at + 1)) {
    if (at + 1 == text.size() || text[at + 1] == ' ') return std::string(text.substr(0, at));
  }
  return std::string(text);
}

/// The text broken into lines, every one but the first indented.
std::string wrap(std::string_view text, std::size_t indent) {
  std::string result;
  std::size_t column = indent;
  for (const std::string& word : words(text)) {
    if (column > indent && column + 1 + word.size() > width) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result + "\n";
}

std::string row(const std::string& name, std::string_view text) {
  std::string line = "  " + name;
  if (line.size() + 1 > text_column) {
    line += "\n" + std::string(text_column, ' ');
  } else {
    line.resize(text_column, ' ');
  }
  return line + wrap(text, text_column);
}

/// What stands for an option's value.
std::string_view placeholder(OptionType type) {
  switch (type) {
    case OptionType::flag:
      return "";
    case OptionType::directory:
      return "=DIR";
    case OptionType::file:
      return "=FILE";
    case OptionType::version:
      return "=VERSION";
    case OptionType::url:
      return "=URL";
    case OptionType::repo:
      return "=NAME:URL";
    case OptionType::host:
      return "=HOST";
    case OptionType::path:
      return "=FILE|URL";
    default:
      return "=VALUE";
  }
}

std::string option_row(const Option& option) {
  std::string text = first_sentence(option.help);
  if (option.type == OptionType::choice) text += " (" + allowed_values(option) + ")";
  if (option.type != OptionType::flag && !option.default_value.empty()) {
    std::string value(option.default_value);
    if (value.starts_with('$')) value = "that of --" + value.substr(1);
    constexpr std::size_t widest = 60;  // the reference page has the others
    if (value.size() <= widest) text += " [" + value + "]";
  }
  if (option.ours) text += " *";
  const std::string flag = "--" + std::string(option.name) + std::string(placeholder(option.type));
  return row(option.has_flag ? flag : option.variable(), text);
}

std::string program_help() {
  std::string text = "halcyon COMMAND [APP] [OPTION...]\n\nCommands:\n";
  for (const CommandInfo& command : command_table()) {
    if (!command.hidden) text += row(std::string(command.name), command.summary);
  }
  text +=
      "\nAPP is a directory, a label (name-version, name) or a git URL (#branch may follow). "
      "Every\n"
      "option --x-y is the variable HALCYON_X_Y too. Options without a value may have =0 or =1.\n"
      "More: docs/reference.md, or halcyon help COMMAND.\n";
  std::string_view section;
  for (const Option& option : option_table()) {
    if (option.section != section) text += "\n" + std::string(option.section) + ":\n";
    section = option.section;
    text += option_row(option);
  }
  return text + "\n* not in the original's reference.\n";
}

}  // namespace

std::string help_text(std::string_view command) {
  const CommandInfo* info = find_command(command);
  if (info == nullptr) return program_help();
  std::string text = "halcyon " + std::string(info->name);
  if (!info->usage.empty()) text += " " + std::string(info->usage);
  text += "\n\n" + wrap(info->help, 0);
  if (info->takes_options) text += "\nOptions: halcyon --help\n";
  return text;
}

}  // namespace halcyon
