#pragma once

#include <cstdint>
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

enum class OptionType {
  flag,       ///< "0" or "1"
  text,       ///< one word
  path,       ///< a file, or an http(s) URL
  file,       ///< a file
  directory,  ///< a directory; made absolute
  words,      ///< words separated by white space
  lines,      ///< text of one or several lines
  version,    ///< "9.0.2"
  url,        ///< http(s) URL
  choice,     ///< one of Option::choices
  repo,       ///< "name:URL"
  bucket,     ///< S3 bucket name, with a path in it after "/"
  host,       ///< "host", "host:port" or an http(s) URL of them
  sha256,     ///< 64 hexadecimal digits
  number,     ///< a whole number, not negative
};

struct Option {
  std::string_view name = {};     ///< "app-dir": --app-dir, HALCYON_APP_DIR
  std::string_view section = {};  ///< heading in the reference
  OptionType type = OptionType::text;
  std::string_view default_value = {};  ///< "$name" refers to another option's value
  std::string_view choices = {};        ///< "private|public-read"
  bool has_flag = true;                 ///< false: environment variable only
  bool magic = false;                   ///< there is a magic file for it
  bool secret = false;                  ///< never printed, never given to a child
  bool inherited = false;               ///< an extra app's own run keeps the outer value
  bool ours = false;                    ///< not in the original's programmer's reference
  std::string_view arguments = {};      ///< what a hook script is called with
  std::string_view help = {};           ///< one or several sentences, the reference page's text
  std::string variable() const;         ///< "HALCYON_APP_DIR"
  /// "extra-apps": the entry in .halcyon-magic; of a directory, without "-dir".
  std::string magic_name() const;
};

/// Every option, in the order of the reference.
std::span<const Option> option_table();
const Option* find_option(std::string_view name);

/// `value` in its normal form (a path absolute and without a last slash, trailing white space
/// gone). `source` says where it was set: "--no-build", "HALCYON_NO_BUILD". Raises Error
/// "option::malformed", which says what is allowed. An empty value is "not set" and stays empty.
std::string checked_value(const Option& option, std::string_view value, const std::string& source);

/// What is allowed for an option, in a few words: "0 or 1", "a directory".
std::string allowed_values(const Option& option);

/// The values in force. Precedence: flag > variable > magic file > default.
class Options {
 public:
  /// `flags`: name -> value from the command line. `environment`: the variables. Malformed values
  /// raise Error "option::malformed" that names the option, where it was set and what is allowed.
  /// A HALCYON_ variable that no option has is a warning with the nearest name. Secret values are
  /// made known to the log.
  Options(const std::map<std::string, std::string>& flags, const Environment& environment);
  /// Reads the magic files of an app's source directory; call before asking.
  void read_magic(const std::filesystem::path& source_dir);

  std::string get(std::string_view name) const;  ///< the value, the default when not set
  bool is_set(std::string_view name) const;      ///< set anywhere and not empty
  bool flag(std::string_view name) const;        ///< "1"
  std::vector<std::string> words(std::string_view name) const;
  std::filesystem::path path(std::string_view name) const;  ///< absolute
  std::uint64_t number(std::string_view name) const;
  /// Whether the private storage is the one that an add-on's variables describe (addons.h).
  bool has_addon_storage() const { return has_addon_storage_; }
  /// What an extra app's own run keeps of these: the values of options that are `inherited`.
  Options inherited() const;
  /// Sets a default that is weaker than flag, variable and magic file (the buildpack's own).
  void set_default(std::string_view name, const std::string& value);
  /// Sets as a flag would.
  void set(std::string_view name, const std::string& value);

 private:
  Options() = default;
  using Values = std::map<std::string, std::string, std::less<>>;
  const std::string* value(std::string_view name) const;

  Values flags_, variables_, magic_, defaults_;
  bool has_addon_storage_ = false;
};

/// The candidate that is most like a misspelt name; empty when none is like it.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace halcyon
