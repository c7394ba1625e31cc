#include "options/options.h"

#include <algorithm>
#include <stdexcept>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "options/addons.h"

namespace halcyon {
namespace {

constexpr std::string_view prefix = "HALCYON_";
constexpr const char* magic_dir = ".halcyon-magic";
const std::string magic_prefix = std::string(magic_dir) + "/";
constexpr std::uint64_t max_magic_size = 1U << 20U;

const Option& option_named(std::string_view name) {
  const Option* option = find_option(name);
  if (option == nullptr) throw std::logic_error("no option is called " + std::string(name));
  return *option;
}

/// "HALCYON_APP_DIR" -> "app-dir"; empty when it is not in upper case.
std::string option_name(std::string_view variable) {
  std::string name(variable.substr(prefix.size()));
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') return {};
    c = c == '_' ? '-' : lower({&c, 1}).front();
  }
  return name;
}

/// Variables of our own that are no options: `paths` sets them, hooks and tests use them.
bool is_internal(std::string_view variable) {
  return variable.starts_with("HALCYON_INTERNAL_") || variable.starts_with("HALCYON_TEST_") ||
         variable == "HALCYON_TOP_DIR";
}

void warn_of_unknown(const std::string& name, const std::vector<std::string>& known) {
  const std::string like = nearest(name, known);
  log::warning(name + " is not an option, and does nothing" +
               (like.empty() ? "" : ". Is it " + like + "?"));
}

std::string magic_value(const Option& option, const fs::path& entry) {
  const bool is_place = option.type == OptionType::file || option.type == OptionType::directory;
  return is_place ? entry.string() : read_file(entry, max_magic_size);
}

/// Edit distance with neighbours swapped counting as one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string Option::variable() const {
  std::string text = "HALCYON_";
  for (const char c : name) {
    text += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return text;
}

std::string Option::magic_name() const {
  constexpr std::string_view suffix = "-dir";
  std::string text(name);
  if (type == OptionType::directory && text.ends_with(suffix)) {
    text.resize(text.size() - suffix.size());
  }
  return text;
}

const Option* find_option(std::string_view name) {
  const auto table = option_table();
  const auto found =
      std::find_if(table.begin(), table.end(), [name](const Option& o) { return o.name == name; });
  return found == table.end() ? nullptr : &*found;
}

Options::Options(const std::map<std::string, std::string>& flags, const Environment& environment) {
  for (const auto& [name, value] : flags) set(name, value);
  std::vector<std::string> known;
  for (const Option& option : option_table()) known.push_back(option.variable());
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with(prefix) || is_internal(variable)) continue;
    const Option* option = find_option(option_name(variable));
    if (option == nullptr) {
      warn_of_unknown(variable, known);
      continue;
    }
    variables_[std::string(option->name)] = checked_value(*option, value, variable);
  }
  std::map<std::string, std::string> chosen(variables_.begin(), variables_.end());
  for (const auto& [name, value] : flags_) chosen[name] = value;
  for (const auto& [name, value] : addon_storage(chosen, environment)) {
    set_default(name, value);
    has_addon_storage_ = true;
  }
  for (const Option& option : option_table()) {
    if (option.secret) log::add_secret(get(option.name));
  }
}

void Options::read_magic(const fs::path& source_dir) {
  const fs::path dir = fs::absolute(source_dir) / magic_dir;
  if (!fs::is_directory(dir)) return;
  std::vector<std::string> known;
  for (const Option& option : option_table()) {
    if (!option.magic) continue;
    const std::string name = option.magic_name();
    const fs::path entry = dir / name;
    known.push_back(magic_prefix + name);
    if (!fs::exists(entry)) continue;
    magic_[std::string(option.name)] =
        checked_value(option, magic_value(option, entry), magic_prefix + name);
  }
  for (const auto& entry : fs::directory_iterator(dir)) {
    const std::string name = magic_prefix + entry.path().filename().string();
    if (std::find(known.begin(), known.end(), name) == known.end()) warn_of_unknown(name, known);
  }
}

const std::string* Options::value(std::string_view name) const {
  for (const Values* values : {&flags_, &variables_, &magic_, &defaults_}) {
    const auto found = values->find(name);
    if (found != values->end() && !found->second.empty()) return &found->second;
  }
  return nullptr;
}

std::string Options::get(std::string_view name) const {
  const Option& option = option_named(name);
  if (const std::string* set = value(name)) return *set;
  if (option.default_value.starts_with('$')) return get(option.default_value.substr(1));
  return std::string(option.default_value);
}

bool Options::is_set(std::string_view name) const {
  option_named(name);
  return value(name) != nullptr;
}

bool Options::flag(std::string_view name) const { return get(name) == "1"; }

std::uint64_t Options::number(std::string_view name) const {
  return parse_number(get(name)).value_or(0);
}

std::vector<std::string> Options::words(std::string_view name) const {
  return halcyon::words(get(name));
}

fs::path Options::path(std::string_view name) const { return get(name); }

Options Options::inherited() const {
  Options kept;
  kept.has_addon_storage_ = has_addon_storage_;
  for (const Option& option : option_table()) {
    if (!option.inherited) continue;
    if (const std::string* set = value(option.name)) kept.flags_[std::string(option.name)] = *set;
  }
  return kept;
}

void Options::set_default(std::string_view name, const std::string& value) {
  defaults_[std::string(name)] =
      checked_value(option_named(name), value, "The default of --" + std::string(name));
}

void Options::set(std::string_view name, const std::string& value) {
  flags_[std::string(name)] = checked_value(option_named(name), value, "--" + std::string(name));
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t max_length = 100;
  if (name.size() > max_length) return {};
  std::string best;
  std::size_t best_distance = name.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t d = distance(name, candidate);
    if (d < best_distance || (best.empty() && d == best_distance)) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

}  // namespace halcyon
