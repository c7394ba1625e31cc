#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.h"

/// The table of options. Flags, variables, magic files, defaults, types, `--help`, the reference
/// page and the list of secrets all come from it (programmer's reference).
namespace halcyon {

enum class OptionType { flag, text, path, file, directory, words, version, url, choice, repo, name };

struct Option {
  std::string_view name;           ///< "app-dir": --app-dir, HALCYON_APP_DIR
  std::string_view section;        ///< heading in the reference
  OptionType type;
  std::string_view default_value;  ///< "$name" refers to another option's value
  std::string_view choices;        ///< "private|public-read"
  bool has_flag = true;            ///< false: environment variable only
  bool magic = false;              ///< .halcyon-magic/<name>
  bool secret = false;             ///< never printed, never given to a child
  bool inherited = false;          ///< an extra app's own run keeps the outer value
  bool implemented = true;         ///< false: known, refused with a clear message when set
  std::string_view help;           ///< one or several sentences, the reference page's text
  std::string variable() const;      ///< "HALCYON_APP_DIR"
};

std::span<const Option> option_table();
const Option* find_option(std::string_view name);

/// The values in force. Precedence: flag > variable > magic file > default.
class Options {
 public:
  /// `flags`: name -> value from the command line. `environment`: the variables. Malformed values
  /// raise Error "option::malformed" that names the option, where it was set and what is allowed.
  /// A HALCYON_ variable that no option has is a warning with the nearest name.
  Options(std::map<std::string, std::string> flags, const Environment& environment);
  /// Reads the magic files of an app's source directory; call before asking.
  void read_magic(const std::filesystem::path& source_dir);

  std::string get(std::string_view name) const;  ///< the value, the default when not set
  bool is_set(std::string_view name) const;      ///< set anywhere and not empty
  bool flag(std::string_view name) const;        ///< "1"
  std::vector<std::string> words(std::string_view name) const;
  std::filesystem::path path(std::string_view name) const;  ///< absolute
  /// Sets a default that is weaker than flag, variable and magic file (the buildpack's own).
  void set_default(std::string_view name, std::string value);
  /// Sets as a flag would.
  void set(std::string_view name, std::string value);

 private:
  std::map<std::string, std::string, std::less<>> flags_, variables_, magic_, defaults_;
};

/// A parsed command line.
struct CommandLine {
  std::string command;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> flags;
  bool help = false;
  bool version = false;
};

/// `halcyon COMMAND [APP] [OPTION...]`; options anywhere, `--x=V` and `--x V`, `--` ends options.
/// Raises Error "cli::unknown-option" / "cli::unknown-command" / "cli::bad-usage", each with the
/// nearest known name and what is allowed.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

/// The text of `--help` (of one command, or of the program).
std::string help_text(std::string_view command);
/// The reference page (docs/reference.md), generated from the table.
std::string reference_page();

}  // namespace halcyon
