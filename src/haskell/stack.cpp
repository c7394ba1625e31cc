#include "haskell/stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "haskell/package.h"
#include "haskell/project.h"
#include "haskell/yaml.h"

namespace halcyon {
namespace {

constexpr std::array<std::string_view, 6> fields_passed_over{
    "ghc-options",    "configure-options", "extra-include-dirs",
    "extra-lib-dirs", "extra-package-dbs", "allow-newer-deps"};

bool is_archive(std::string_view text) {
  return text.ends_with(".tar.gz") || text.ends_with(".tgz") || text.ends_with(".zip");
}

class Reader {
 public:
  Reader(const Yaml& document, const std::string& origin, bool is_project)
      : document_(document), origin_(origin), is_project_(is_project) {}

  StackFile read() {
    if (document_.kind() != Yaml::Kind::map) malformed(document_, "it has no fields");
    read_snapshot();
    if (const Yaml* compiler = field("compiler")) file_.compiler = read_compiler(*compiler);
    if (const Yaml* flags = field("flags")) read_flags(*flags);
    if (const Yaml* dropped = field("drop-packages")) {
      for (const Yaml& name : list(*dropped)) file_.dropped.push_back(word(name));
    }
    const Yaml* packages = field("packages");
    if (is_project_) {
      if (packages == nullptr) file_.packages = {"."};
      read_project(packages);
    } else if (packages != nullptr) {
      for (const Yaml& location : list(*packages)) read_location(location);
    }
    return std::move(file_);
  }

 private:
  [[noreturn]] void malformed(const Yaml& place, const std::string& why) const {
    throw Error("stack::malformed", origin_ + " is malformed")
        .why(fmt::format("line {}: {}", place.line(), why));
  }

  [[noreturn]] void unsupported(const Yaml& place, const std::string& what) const {
    throw Error("stack::unsupported", fmt::format("{} has {}", origin_, what))
        .why(fmt::format("line {}: of dependencies, a version, a directory and a git repository "
                         "can be used",
                         place.line()))
        .fix(
            "Name it as one of these:\n"
            "  extra-deps:\n"
            "  - name-1.0\n"
            "  - ./directory\n"
            "  - git: https://server/repository\n"
            "    commit: ...");
  }

  /// A field that says something.
  const Yaml* field(std::string_view name) const {
    const Yaml* found = document_.find(name);
    return found == nullptr || found->is_null() ? nullptr : found;
  }

  const std::vector<Yaml>& list(const Yaml& value) const {
    if (value.kind() != Yaml::Kind::list && !value.is_null()) malformed(value, "it is not a list");
    return value.items();
  }

  /// A scalar that can be shown, and written into a project file.
  std::string word(const Yaml& value) const {
    const std::string& text = value.text();
    const bool printable = std::all_of(text.begin(), text.end(),
                                       [](char c) { return c < 0 || (c > ' ' && c != 0x7f); });
    if (value.kind() != Yaml::Kind::scalar || text.empty() || !printable) {
      malformed(value, "it is not a word");
    }
    return text;
  }

  std::string read_compiler(const Yaml& value) const {
    std::string version = compiler_version(word(value));
    if (version.empty()) {
      throw Error("stack::unsupported", fmt::format("{} asks for {}", origin_, value.text()))
          .why(fmt::format("line {}: only a released GHC can be had, such as ghc-9.6.6",
                           value.line()));
    }
    return version;
  }

  void read_snapshot() {
    const Yaml* value = field("snapshot");
    if (value == nullptr) value = field("resolver");
    if (value == nullptr) return;
    if (value->kind() == Yaml::Kind::scalar) {
      file_.snapshot = word(*value);
      return;
    }
    for (const char* name : {"url", "filepath", "location", "name"}) {
      const Yaml* place = value->find(name);
      if (place == nullptr || !file_.snapshot.empty()) continue;
      file_.snapshot = word(*place);
      if (std::string_view(name) == "filepath" && !file_.snapshot.starts_with('/')) {
        file_.snapshot.insert(0, "./");
      }
    }
    if (const Yaml* digest = value->find("sha256")) file_.snapshot_sha256 = lower(word(*digest));
    if (const Yaml* compiler = value->find("compiler")) file_.compiler = read_compiler(*compiler);
    if (file_.snapshot.empty() && file_.compiler.empty()) {
      malformed(*value, "it says neither a snapshot nor a compiler");
    }
  }

  void read_flags(const Yaml& flags) {
    if (flags.kind() != Yaml::Kind::map) malformed(flags, "it is not a list of packages");
    for (const auto& [package, values] : flags.entries()) {
      if (!is_package_name(package)) malformed(values, "not a package name: " + package);
      std::vector<std::string>& all = file_.flags[package];
      for (const auto& [flag, value] : values.entries()) {
        const bool plain = !flag.empty() && std::all_of(flag.begin(), flag.end(), [](char c) {
          return is_word_char(c) || c == '-';
        });
        if (!plain || flag.starts_with('-')) malformed(value, "not a flag: " + flag);
        all.push_back((value.is_true() ? "+" : "-") + lower(flag));
      }
      std::sort(all.begin(), all.end());
    }
  }

  void read_project(const Yaml* packages) {
    if (packages != nullptr) {
      for (const Yaml& package : list(*packages)) file_.packages.push_back(word(package));
    }
    if (const Yaml* extra = field("extra-deps")) {
      for (const Yaml& location : list(*extra)) read_location(location);
    }
    if (const Yaml* newer = field("allow-newer")) file_.allow_newer = newer->is_true();
    for (const std::string_view name : fields_passed_over) {
      const Yaml* found = field(name);
      if (found != nullptr && !(found->entries().empty() && found->items().empty())) {
        file_.passed_over.emplace_back(name);
      }
    }
  }

  /// Where a dependency is: a version in the repository, a directory, a git repository.
  void read_location(const Yaml& location) {
    if (location.kind() == Yaml::Kind::map) {
      read_location_map(location);
      return;
    }
    const std::string text = word(location);
    if (read_version(text)) return;
    if (is_web_url(text) || is_archive(text)) unsupported(location, "an archive: " + text);
    if (!is_project_) malformed(location, "not a package with its version: " + text);
    file_.packages.push_back(text);
  }

  void read_location_map(const Yaml& location) {
    if (const Yaml* hackage = location.find("hackage")) {
      if (!read_version(word(*hackage))) {
        malformed(*hackage, "not a package with its version: " + hackage->text());
      }
      return;
    }
    const Yaml* git = location.find("git");
    const Yaml* github = location.find("github");
    const Yaml* commit = location.find("commit");
    if ((git == nullptr && github == nullptr) || !is_project_) {
      unsupported(location, location.entries().empty()
                                ? "an empty location"
                                : "a location by `" + location.entries().front().first + "`");
    }
    if (commit == nullptr) malformed(location, "a repository without `commit`");
    SourceRepository repository;
    repository.location = git != nullptr ? word(*git) : "https://github.com/" + word(*github);
    repository.commit = word(*commit);
    if (const Yaml* subdirs = location.find("subdirs")) {
      for (const Yaml& subdir : list(*subdirs)) repository.subdirs.push_back(word(subdir));
    }
    file_.repositories.push_back(std::move(repository));
  }

  /// "name-1.0", "name-1.0@rev:2", "name-1.0@sha256:…,123". The revision of the description is the
  /// package repository's matter.
  bool read_version(const std::string& text) {
    const std::string identifier = text.substr(0, text.find('@'));
    const std::size_t dash = identifier.rfind('-');
    if (dash == std::string::npos || !is_version(identifier.substr(dash + 1)) ||
        !is_package_name(identifier.substr(0, dash))) {
      return false;
    }
    file_.pins[identifier.substr(0, dash)] = identifier.substr(dash + 1);
    return true;
  }

  const Yaml& document_;
  const std::string& origin_;
  bool is_project_;
  StackFile file_;
};

}  // namespace

StackFile parse_stack_project(std::string_view text, const std::string& origin) {
  const Yaml document = Yaml::parse(text, origin);
  return Reader(document, origin, true).read();
}

StackFile parse_stack_snapshot(std::string_view text, const std::string& origin) {
  const Yaml document = Yaml::parse(text, origin);
  return Reader(document, origin, false).read();
}

StackProjectText cabal_project_text(const StackFile& project, const Constraints& resolved) {
  StackProjectText text;
  for (const SourceRepository& repository : project.repositories) {
    text.settings +=
        fmt::format("source-repository-package\n  type: git\n  location: {}\n  tag: {}\n",
                    repository.location, repository.commit);
    if (!repository.subdirs.empty()) {
      text.settings += "  subdir: " + join(repository.subdirs, " ") + "\n";
    }
  }
  if (project.allow_newer) text.settings += "allow-newer: all\nallow-older: all\n";
  for (const auto& [package, flags] : project.flags) {
    if (resolved.find(package) != nullptr || flags.empty()) continue;
    text.settings += fmt::format("package {}\n  flags: {}\n", package, join(flags, " "));
  }
  if (project.packages == std::vector<std::string>{"."} && text.settings.empty()) return text;
  // On one line: to cabal, a line of nothing but "." is an empty one.
  text.packages = "packages: " + join(project.packages, " ") + "\n";
  return text;
}

}  // namespace halcyon
