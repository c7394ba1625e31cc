#include "haskell/constraints.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "haskell/package.h"
#include "haskell/project.h"

namespace halcyon {
namespace {

constexpr std::size_t max_size = 4U << 20U;
constexpr std::string_view settings_mark = "-- halcyon:";
constexpr std::string_view or_sign = " || ";

constexpr const char* freeze_advice =
    "Write the file anew:\n  cabal freeze\nor, without a cabal at hand,\n"
    "  halcyon constraints > cabal.project.freeze";

/// One piece of the constraints field: what stands between two commas.
struct Item {
  std::size_t line;
  std::string text;
};

/// "name:" at the start of a line, lower case; empty when the line starts otherwise.
std::string field_name(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string name = lower(trim(line.substr(0, colon)));
  const bool plain =
      std::all_of(name.begin(), name.end(), [](char c) { return is_word_char(c) || c == '-'; });
  return plain ? name : "";
}

bool is_flag(std::string_view text) {
  return text.size() > 1 && (text.front() == '+' || text.front() == '-') &&
         std::all_of(text.begin() + 1, text.end(),
                     [](char c) { return is_word_char(c) || c == '-'; });
}

class Parser {
 public:
  Parser(Constraints& result, std::map<std::string, Constraint, std::less<>>& by_name,
         const std::string& origin)
      : result_(result), by_name_(by_name), origin_(origin) {}

  void parse(std::string_view text) {
    if (text.size() > max_size) malformed(1, "the file is larger than " + format_size(max_size));
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (const std::string& line : lines(text)) {
      ++line_;
      take_line(line);
    }
    finish_item();
    for (const Item& item : items_) take_item(item);
    if (by_name_.empty()) {
      throw Error("constraints::malformed",
                  "The constraints file " + origin_ + " has no constraints")
          .fix(freeze_advice);
    }
  }

 private:
  [[noreturn]] void malformed(std::size_t line, const std::string& why) const {
    throw Error("constraints::malformed", "The constraints file " + origin_ + " is malformed")
        .why(fmt::format("line {}: {}", line, why))
        .fix(freeze_advice);
  }

  void take_line(std::string_view line) {
    if (std::any_of(line.begin(), line.end(),
                    [](char c) { return c >= 0 && c < ' ' && c != '\t'; })) {
      malformed(line_, "it is not text");
    }
    const std::string_view content = trim(line);
    if (content.starts_with(settings_mark)) {
      result_.settings.insert(std::string(trim(content.substr(settings_mark.size()))));
      return;
    }
    if (content.empty() || content.starts_with("--")) return;
    const bool indented = content.front() != line.front();
    if (!indented) {
      start_field(content);
    } else if (field_ == "constraints") {
      add(content);
    } else if (field_ == "index-state") {
      result_.index_state += (result_.index_state.empty() ? "" : " ") + std::string(content);
    } else if (field_.empty() && field_name(content) == "constraints") {
      malformed(line_, "constraints inside a block hold only on a condition");
    }
  }

  void start_field(std::string_view content) {
    const bool in_constraints = field_ == "constraints";
    const std::string name = field_name(content);
    const bool constraint =
        content.starts_with(',') || content.find("==") != std::string_view::npos;
    if (name.empty() && in_constraints && constraint) malformed(line_, "it must be indented");
    finish_item();
    field_ = name;
    if (name.empty()) return;  // the head of a block
    const std::string_view value = trim(content.substr(content.find(':') + 1));
    if (name == "index-state") result_.index_state = value;
    if (name == "with-compiler") result_.compiler = compiler_version(value);
    if (name == "constraints") add(value);
  }

  void add(std::string_view text) {
    for (const char c : text) {
      if (c == ',') {
        finish_item();
      } else {
        if (item_.empty()) item_line_ = line_;
        item_ += c;
      }
    }
    if (!item_.empty()) item_ += ' ';
  }

  void finish_item() {
    const std::string_view text = trim(item_);
    if (!text.empty()) items_.push_back({item_line_, std::string(text)});
    item_.clear();
  }

  void ignore(const Item& item, std::string_view why) {
    result_.warnings.push_back(
        fmt::format("{}: line {}: {} is passed over: {}", origin_, item.line, item.text, why));
  }

  void take_item(const Item& item) {
    const std::size_t end = item.text.find_first_of(" \t=<>^");
    std::string name = item.text.substr(0, end);
    const std::string_view rest =
        end == std::string::npos ? "" : trim(std::string_view(item.text).substr(end));
    if (name.find(':') != std::string::npos || name.starts_with("setup.")) {
      take_qualified(item, name);
      return;
    }
    if (name.starts_with("any.")) name.erase(0, 4);
    if (!is_package_name(name)) malformed(item.line, "not a package name: " + name);
    if (rest == "installed") {
      result_.installed.insert(name);
      return;
    }
    for (const std::string_view property : {"source", "test", "bench"}) {
      if (rest == property) {
        ignore(item, "it names no version");
        return;
      }
    }
    merge(item, name, read_rest(item, rest));
  }

  /// "foo:setup.bar ==1.0": what holds for a setup script or a build tool only. cabal understands
  /// it; to us it is part of the identity.
  void take_qualified(const Item& item, const std::string& name) {
    // Where a part began with a dash, the line could become a comment.
    bool begins = true;
    const bool plain = std::all_of(name.begin(), name.end(), [&begins](char c) {
      const bool fits = is_word_char(c) || (!begins && (c == '-' || c == '.' || c == ':'));
      begins = c == ':' || c == '.';
      return fits;
    });
    if (!plain || begins) malformed(item.line, "not a package name: " + name);
    result_.qualified.insert(join(words(item.text), " "));
  }

  /// "==1.0", "== 1.0 || ==1.1", "+flag -flag", or versions and flags.
  Constraint read_rest(const Item& item, std::string_view rest) const {
    Constraint constraint;
    std::vector<std::string> versions;
    while (rest.starts_with("==")) {
      rest = trim(rest.substr(2));
      const std::size_t end = std::min(rest.find_first_of(" \t|"), rest.size());
      versions.emplace_back(rest.substr(0, end));
      if (!is_version(versions.back())) not_exact(item);
      rest = trim(rest.substr(end));
      if (!rest.starts_with("||")) break;
      rest = trim(rest.substr(2));
      if (!rest.starts_with("==")) not_exact(item);
    }
    std::sort(versions.begin(), versions.end(),
              [](const auto& a, const auto& b) { return compare_versions(a, b) < 0; });
    versions.erase(std::unique(versions.begin(), versions.end()), versions.end());
    constraint.version = join(versions, or_sign);
    for (const std::string& word : words(rest)) {
      if (!is_flag(word)) not_exact(item);
      constraint.flags.push_back(lower(word));
    }
    if (constraint.version.empty() && constraint.flags.empty()) not_exact(item);
    return constraint;
  }

  [[noreturn]] void not_exact(const Item& item) const {
    malformed(item.line, "\"" + item.text + "\" is not an exact version (package ==1.0) or a flag");
  }

  void merge(const Item& item, const std::string& name, const Constraint& constraint) {
    Constraint& known = by_name_[name];
    if (known.version.empty()) {
      known.version = constraint.version;
    } else if (!constraint.version.empty() && constraint.version != known.version) {
      malformed(item.line, name + " is already " + known.version);
    }
    for (const std::string& flag : constraint.flags) {
      const std::string opposite = (flag.front() == '+' ? "-" : "+") + flag.substr(1);
      auto& flags = known.flags;
      if (std::find(flags.begin(), flags.end(), opposite) != flags.end()) {
        malformed(item.line, fmt::format("{} is already {}", name, opposite));
      }
      const auto place = std::lower_bound(flags.begin(), flags.end(), flag);
      if (place == flags.end() || *place != flag) flags.insert(place, flag);
    }
  }

  Constraints& result_;
  std::map<std::string, Constraint, std::less<>>& by_name_;
  const std::string& origin_;
  std::size_t line_ = 0;
  std::string field_;  ///< the field we are in; empty inside a block
  std::string item_;
  std::size_t item_line_ = 0;
  std::vector<Item> items_;
};

}  // namespace

std::vector<std::string> Constraint::versions() const {
  std::vector<std::string> all = words(version);
  std::erase(all, "||");
  return all;
}

Constraints Constraints::parse(std::string_view text, const std::string& origin) {
  Constraints constraints;
  Parser(constraints, constraints.by_name_, origin).parse(text);
  return constraints;
}

void Constraints::remove(std::string_view package) {
  const auto found = by_name_.find(package);
  if (found != by_name_.end()) by_name_.erase(found);
}

const Constraint* Constraints::find(std::string_view package) const {
  const auto found = by_name_.find(package);
  return found == by_name_.end() ? nullptr : &found->second;
}

bool Constraints::is_snapshot() const {
  return !compiler.empty() && find("base") == nullptr && installed.contains("base");
}

void Constraints::set(std::string package, Constraint constraint) {
  for (std::string& flag : constraint.flags) flag = lower(flag);
  std::sort(constraint.flags.begin(), constraint.flags.end());
  by_name_[std::move(package)] = std::move(constraint);
}

std::string Constraints::normalised() const {
  std::string text;
  for (const auto& [name, constraint] : by_name_) {
    text += name;
    if (!constraint.version.empty()) text += " " + constraint.version;
    for (const std::string& flag : constraint.flags) text += " " + flag;
    text += "\n";
  }
  for (const std::string& name : installed) text += name + " installed\n";
  for (const std::string& constraint : qualified) text += constraint + "\n";
  for (const std::string& line : settings) text += line + "\n";
  return text;
}

std::string Constraints::digest() const { return sha1(normalised()); }

std::string Constraints::format() const {
  std::vector<std::string> items;
  for (const auto& [name, constraint] : by_name_) {
    if (!constraint.version.empty()) {
      items.push_back("any." + name + " ==" + join(constraint.versions(), " || =="));
    }
    if (!constraint.flags.empty()) items.push_back(name + " " + join(constraint.flags, " "));
  }
  for (const std::string& name : installed) items.push_back("any." + name + " installed");
  items.insert(items.end(), qualified.begin(), qualified.end());
  std::string text = "constraints: " + join(items, ",\n             ") + "\n";
  const bool head = index_state.empty() || index_state == "HEAD";  // no state at all
  if (!head) text += "index-state: " + index_state + "\n";
  for (const std::string& line : settings) text += std::string(settings_mark) + " " + line + "\n";
  return text;
}

std::optional<std::size_t> score(const Constraints& candidate, const Constraints& required,
                                 std::string* reason) {
  const auto refuse = [reason](std::string why) -> std::optional<std::size_t> {
    if (reason != nullptr) *reason = std::move(why);
    return {};
  };
  std::set<std::string> settings = required.settings;
  if (!candidate.settings.contains(tests_setting)) settings.erase(tests_setting);
  if (candidate.settings != settings) return refuse("its settings are different");
  if (candidate.qualified != required.qualified) {
    return refuse("its setup scripts have other constraints");
  }
  for (const std::string& name : candidate.installed) {
    if (!required.installed.contains(name)) return refuse(name + " need not be GHC's own");
  }
  for (const auto& [name, constraint] : candidate.all()) {
    const Constraint* wanted = required.find(name);
    if (wanted == nullptr) {
      const std::string version = constraint.version.empty() ? "" : "-" + constraint.version;
      return refuse(name + version + " is not needed");
    }
    if (wanted->version != constraint.version) {
      return refuse(fmt::format("{} is not {}", name,
                                wanted->version.empty() ? "of any version" : wanted->version));
    }
    if (wanted->flags != constraint.flags) return refuse(name + " has other flags");
  }
  return candidate.size();
}

}  // namespace halcyon
