#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// An app's package description (.cabal file).
namespace halcyon {

struct Package {
  std::string name;
  std::string version;
  std::vector<std::string> executables;  ///< in the order of the file
  std::vector<std::string> data_files;   ///< patterns as written
  std::string data_dir;                  ///< empty: the package's directory
  std::filesystem::path file;            ///< the .cabal file
  /// "name-version" (reference: label).
  std::string label() const { return name + "-" + version; }
};

/// Parses the fields named above; `origin` names the file in errors ("package::malformed" with the
/// line; "package::no-name", "package::no-version"). Old and new syntax, both field styles (braces
/// too), comments, BOM, CRLF, conditional blocks inside stanzas.
Package parse_package(std::string_view text, const std::string& origin);

/// The package in a directory. Errors: "package::none" (says what was looked for, lists what is
/// there, and the fix; a package.yaml is named), "package::several" (lists them).
Package read_package(const std::filesystem::path& dir);

/// Whether the directory looks like a Haskell app: a .cabal file, cabal.project, stack.yaml or
/// package.yaml (bin/detect).
bool looks_like_haskell(const std::filesystem::path& dir);

/// Whether this is a package name: words of letters and digits, joined by '-', each with at least
/// one letter (Cabal user guide, "name").
bool is_package_name(std::string_view text);

struct Label {
  std::string name;
  std::string version;
};
/// Splits "name-version" at the last '-' before a version; version is empty for a bare name.
/// Raises Error "package::bad-label" for anything that is not a Cabal package name.
Label parse_label(std::string_view text);

}  // namespace halcyon
