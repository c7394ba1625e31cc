#include "heroku/config_vars.h"

#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "options/addons.h"
#include "options/options.h"

namespace halcyon {
namespace {

constexpr std::string_view prefix = "HALCYON_";

/// Set by the buildpack: where things are is Heroku's business, not a config var's.
constexpr std::array<std::string_view, 4> decided{"HALCYON_APP_DIR", "HALCYON_PREFIX",
                                                  "HALCYON_ROOT", "HALCYON_CACHE_DIR"};

/// Why an entry of ENV_DIR that has our prefix is no config var of ours; empty when it is one.
std::string problem(const std::string& name, const fs::path& file) {
  if (!std::all_of(name.begin(), name.end(), is_word_char)) return "it is not a variable's name";
  if (std::find(decided.begin(), decided.end(), name) != decided.end()) {
    return "the buildpack decides it";
  }
  std::error_code none;  // a loop of symbolic links is no file either
  return fs::is_regular_file(file, none) ? "" : "it is not a file";
}

}  // namespace

Environment read_config_vars(const fs::path& env_dir) {
  Environment vars;
  if (env_dir.empty() || !fs::is_directory(env_dir)) return vars;
  for (const auto& entry : fs::directory_iterator(env_dir)) {
    const std::string name = entry.path().filename().string();
    const bool is_ours = name.starts_with(prefix) && !name.starts_with("HALCYON_INTERNAL_");
    if (!is_ours && !is_addon_variable(name)) continue;
    const std::string why = problem(name, entry.path());
    if (why.empty()) {
      vars[name] = read_file(entry.path());
    } else {
      log::warning("The config var " + join(lines(name), "?") + " is ignored: " + why);
    }
  }
  return vars;
}

void tell_config_vars(const Environment& vars) {
  if (vars.empty()) return;
  log::detail("Config vars:");
  for (const auto& [name, value] : vars) {
    // An add-on's are secret, too, as far as we know.
    std::string option = name.starts_with(prefix) ? lower(name.substr(prefix.size())) : "";
    std::replace(option.begin(), option.end(), '_', '-');
    const Option* known = find_option(option);
    // What only looks like an option (HALCYON_no_build) may hold anything.
    const bool secret = known == nullptr || known->secret || known->variable() != name;
    log::label(name + ":", secret ? "(secret)" : std::string(trim(value)));
  }
}

}  // namespace halcyon
