// ENV_DIR: entries are name, zero byte, value, zero byte.
#include "base/files.h"
#include "base/text.h"
#include "fuzz.h"
#include "heroku/config_vars.h"
#include "options/addons.h"
#include "options/options.h"

HALCYON_FUZZ(env_dir, text) {
  const halcyon::TempDir dir("/dev/shm");
  const std::vector<std::string> pieces = halcyon::split(text, '\0');
  for (std::size_t i = 0; i + 1 < pieces.size() && i < 40; i += 2) {
    const std::string& name = pieces[i];
    if (name.empty() || name.size() > 255 || name == "." || name == ".." ||
        name.find('/') != std::string::npos) {
      continue;  // no file can have this name
    }
    halcyon::write_file(dir.path() / name, pieces[i + 1]);
  }
  const halcyon::Environment vars = halcyon::read_config_vars(dir.path());
  for (const auto& [name, value] : vars) {
    const bool is_ours = name.starts_with("HALCYON_") && !name.starts_with("HALCYON_INTERNAL_");
    halcyon::fuzz::require(is_ours || halcyon::is_addon_variable(name));
  }
  const halcyon::Options options({}, vars);
}
