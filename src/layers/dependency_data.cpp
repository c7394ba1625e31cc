#include "layers/dependency_data.h"

#include <algorithm>

#include "base/files.h"

namespace halcyon {

void collect_dependency_data(const fs::path& store, const std::vector<std::string>& units,
                             const fs::path& into) {
  if (!fs::is_directory(store)) return;
  const auto is_documentation = [](const fs::path& path) { return path == "doc" || path == "man"; };
  for (const auto& compiler : fs::directory_iterator(store)) {
    for (const std::string& unit : units) {
      const fs::path share = compiler.path() / unit / "share";
      if (!fs::is_directory(share)) continue;
      const std::vector<fs::path> found = walk(share, is_documentation);
      if (std::all_of(found.begin(), found.end(),
                      [&share](const fs::path& path) { return fs::is_directory(share / path); })) {
        continue;
      }
      copy_tree(share, into / compiler.path().filename() / unit / "share", is_documentation);
    }
  }
}

fs::path store_below(const fs::path& root, const Workspace& workspace) {
  return root / workspace.layer_dir("sandbox").relative_path() / "store";
}

fs::path kept_dependency_data(const Workspace& workspace) {
  return workspace.root() / dependency_data_dir;
}

void install_dependency_data(const Workspace& workspace, const fs::path& data,
                             const fs::path& root) {
  if (!fs::exists(data)) return;
  const fs::path place = root / workspace.root().relative_path();
  const bool is_ours = fs::weakly_canonical(place) == fs::weakly_canonical(workspace.root());
  copy_tree(data, is_ours ? kept_dependency_data(workspace) : store_below(root, workspace));
}

void show_dependency_data(const Workspace& workspace) {
  const fs::path kept = kept_dependency_data(workspace);
  const fs::path store = workspace.layer_dir("sandbox") / "store";
  if (!fs::exists(kept)) return;
  for (const auto& compiler : fs::directory_iterator(kept)) {
    const fs::path units = store / compiler.path().filename();
    fs::create_directories(units);
    for (const auto& unit : fs::directory_iterator(compiler.path())) {
      const fs::path place = units / unit.path().filename();
      if (fs::exists(fs::symlink_status(place))) continue;
      fs::create_directory_symlink(unit.path().lexically_relative(units), place);
    }
  }
}

bool is_shown_data(const fs::path& sandbox, const fs::path& path) {
  return path.parent_path().parent_path() == "store" && fs::is_symlink(sandbox / path);
}

}  // namespace halcyon
