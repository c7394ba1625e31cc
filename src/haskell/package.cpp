#include "haskell/package.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr std::size_t max_size = 4U << 20U;
constexpr std::size_t max_listed = 12;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string unquote(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

/// The items of a list field: separated by commas or white space, quoted where they contain any.
std::vector<std::string> list_items(std::string_view text) {
  std::vector<std::string> items;
  std::string item;
  bool quoted = false;
  const auto finish = [&] {
    if (!item.empty()) items.push_back(std::move(item));
    item.clear();
  };
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ',' || trim({&c, 1}).empty())) {
      finish();
    } else {
      item += c;
    }
  }
  finish();
  return items;
}

/// One line of the file: how far it is indented, and what it says.
struct Line {
  std::size_t number;
  std::size_t indent;
  std::string text;  ///< trimmed
};

/// A field of the package itself, its continuation lines joined.
struct Field {
  std::size_t line;
  std::string name;  ///< lower case
  std::string value;
};

/// Reads a package description line by line. Of its structure we need no more than which lines
/// belong to the package and which to a stanza, in both styles: by indentation and by braces.
class Parser {
 public:
  Parser(std::string_view text, const std::string& origin) : origin_(origin) {
    if (text.size() > max_size) malformed(1, "the file is larger than " + format_size(max_size));
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::size_t number = 0;
    for (const std::string& line : lines(text)) {
      ++number;
      if (line.find('\0') != std::string::npos) malformed(number, "it is not text");
      const std::string_view content = trim(line);
      if (content.empty() || content.starts_with("--")) continue;
      lines_.push_back({number, line.find(content.front()), std::string(content)});
    }
  }

  Package parse() {
    while (at_ < lines_.size()) {
      if (!take_field()) take_stanza();
    }
    if (package_.name.empty()) missing("name", "name: my-app");
    if (package_.version.empty()) missing("version", "version: 1.0");
    return std::move(package_);
  }

 private:
  [[noreturn]] void malformed(std::size_t line, const std::string& why) const {
    throw Error("package::malformed", "The package description " + origin_ + " is malformed")
        .why(fmt::format("line {}: {}", line, why));
  }

  [[noreturn]] void missing(const std::string& field, const std::string& example) const {
    throw Error("package::no-" + field,
                "The package description " + origin_ + " has no " + field + " field")
        .fix("Add a line such as\n  " + example);
  }

  bool take_field() {
    const Line& line = lines_[at_];
    const auto name_end = std::find_if_not(line.text.begin(), line.text.end(), [](char c) {
      return is_letter(c) || is_digit(c) || c == '-' || c == '_';
    });
    const std::string_view rest = trim(
        std::string_view(line.text).substr(static_cast<std::size_t>(name_end - line.text.begin())));
    if (name_end == line.text.begin() || !rest.starts_with(':')) return false;
    Field field{line.number, lower(std::string(line.text.begin(), name_end)),
                std::string(trim(rest.substr(1)))};
    ++at_;
    if (field.value.starts_with('{')) {
      field.value = braced_value(line, field.value.substr(1));
    } else {
      while (at_ < lines_.size() && lines_[at_].indent > line.indent) {
        field.value += "\n" + lines_[at_++].text;
      }
    }
    use(field);
    return true;
  }

  std::string braced_value(const Line& start, std::string value) {
    while (!value.ends_with('}')) {
      if (at_ == lines_.size()) malformed(start.number, "the brace is never closed");
      value += "\n" + lines_[at_++].text;
    }
    value.pop_back();
    return value;
  }

  void use(const Field& field) {
    const std::string value = unquote(field.value);
    if (field.name == "name") {
      if (!package_.name.empty()) malformed(field.line, "a second name field");
      if (!is_package_name(value)) malformed(field.line, "this is not a package name");
      package_.name = value;
    } else if (field.name == "version") {
      if (!package_.version.empty()) malformed(field.line, "a second version field");
      if (!is_version(value)) malformed(field.line, "this is not a version");
      package_.version = value;
    } else if (field.name == "data-files") {
      const std::vector<std::string> items = list_items(field.value);
      package_.data_files.insert(package_.data_files.end(), items.begin(), items.end());
    } else if (field.name == "data-dir") {
      package_.data_dir = value == "." ? "" : value;
    } else if (field.name == "executable") {  // the syntax before Cabal 1.2
      add_executable(field.line, value);
    }
  }

  void add_executable(std::size_t line, const std::string& name) {
    if (name.empty()) malformed(line, "an executable without a name");
    if (name.find_first_of("/\n\t ") != std::string::npos || name.starts_with('.')) {
      malformed(line, "this is not the name of an executable");
    }
    auto& all = package_.executables;
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  }

  void take_stanza() {
    const Line& line = lines_[at_++];
    if (!is_letter(line.text.front())) malformed(line.number, "neither a field nor a stanza");
    const std::size_t brace = line.text.find('{');
    const std::string header(trim(std::string_view(line.text).substr(0, brace)));
    const std::size_t space = header.find_first_of(" \t");
    if (lower(header.substr(0, space)) == "executable") {
      add_executable(line.number, space == std::string::npos ? "" : unquote(header.substr(space)));
    }
    if (brace != std::string::npos) {
      skip_braces(line, std::string_view(line.text).substr(brace));
    } else if (at_ < lines_.size() && lines_[at_].text.starts_with('{')) {
      const Line& opening = lines_[at_++];
      skip_braces(line, opening.text);
    } else {
      while (at_ < lines_.size() && lines_[at_].indent > line.indent) ++at_;
    }
  }

  /// Skips a block whose first brace is at the front of `text`. Braces inside a value (of an
  /// option, of a description) are told from those of the structure by standing inside the line.
  void skip_braces(const Line& start, std::string_view text) {
    std::size_t depth = 1;
    text = trim(text.substr(1));
    for (;;) {
      if (text.starts_with('}')) {
        if (--depth == 0) return;
        text = trim(text.substr(1));
      }
      const bool opens = text.ends_with('{');
      if (opens) ++depth;
      if (!opens && text.ends_with('}') &&
          std::count(text.begin(), text.end(), '{') < std::count(text.begin(), text.end(), '}')) {
        if (--depth == 0) return;
      }
      if (at_ == lines_.size()) malformed(start.number, "the brace is never closed");
      text = lines_[at_++].text;
    }
  }

  const std::string& origin_;
  std::vector<Line> lines_;
  std::size_t at_ = 0;
  Package package_;
};

/// "a.hs, b, c, …": what a directory holds, for an error.
std::string listing(const fs::path& dir) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir)) {
    names.push_back(entry.path().filename().string() + (entry.is_directory() ? "/" : ""));
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) return "It is empty";
  const bool more = names.size() > max_listed;
  if (more) names.resize(max_listed);
  return "It has " + join(names, ", ") + (more ? ", …" : "");
}

std::vector<fs::path> package_files(const fs::path& dir) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    if (entry.path().extension() == ".cabal" && entry.is_regular_file(error)) {
      files.push_back(entry.path());
    }
  }
  if (error) throw system_error("Cannot read the directory " + dir.string(), error.value());
  std::sort(files.begin(), files.end());
  return files;
}

[[noreturn]] void no_package(const fs::path& dir) {
  Error error("package::none", "There is no package description (*.cabal) in " + dir.string());
  error.why(listing(dir));
  if (fs::exists(dir / "package.yaml")) {
    error.why("package.yaml alone is not enough: hpack makes the package description from it");
    error.fix("hpack && git add *.cabal");
  } else if (fs::exists(dir / "cabal.project")) {
    error.fix("Name the directory of the package to deploy, or put the app's package at the top");
  } else {
    error.fix("cabal init");
  }
  throw error;
}

}  // namespace

Package parse_package(std::string_view text, const std::string& origin) {
  return Parser(text, origin).parse();
}

Package read_package(const fs::path& dir) {
  const std::vector<fs::path> files = package_files(dir);
  if (files.empty()) no_package(dir);
  if (files.size() > 1) {
    std::vector<std::string> names;
    for (const fs::path& file : files) names.push_back(file.filename().string());
    throw Error("package::several", "There are several package descriptions in " + dir.string())
        .why(join(names, ", "))
        .fix("Keep one: an app is one package");
  }
  Package package = parse_package(read_file(files.front(), max_size), files.front().string());
  package.file = files.front();
  return package;
}

bool looks_like_haskell(const fs::path& dir) {
  for (const char* name : {"cabal.project", "stack.yaml", "package.yaml"}) {
    if (fs::is_regular_file(dir / name)) return true;
  }
  return fs::is_directory(dir) && !package_files(dir).empty();
}

bool is_package_name(std::string_view text) {
  const std::vector<std::string> parts = split(text, '-');
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    const auto allowed = [](char c) { return is_letter(c) || is_digit(c); };
    return std::all_of(part.begin(), part.end(), allowed) &&
           std::any_of(part.begin(), part.end(), is_letter);
  });
}

Label parse_label(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  Label label{std::string(text), ""};
  if (dash != std::string_view::npos && is_version(text.substr(dash + 1))) {
    label = {std::string(text.substr(0, dash)), std::string(text.substr(dash + 1))};
  }
  if (!is_package_name(label.name)) {
    throw Error("package::bad-label", "This is not the label of a package: " + std::string(text))
        .fix("Give a name, or a name and a version: hello, hello-1.0");
  }
  return label;
}

}  // namespace halcyon
