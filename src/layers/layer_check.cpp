#include "layers/layer_check.h"

#include <algorithm>
#include <iterator>

#include "archive/file_list.h"
#include "base/error.h"
#include "base/files.h"
#include "layers/dependency_data.h"

namespace halcyon {
namespace {

constexpr std::uint64_t largest_tag = 1U << 20U;

/// In cabal's `packages`, what follows the repository's name: its index is compared, but not what
/// is made of it or downloaded.
bool is_downloaded(const fs::path& path) {
  if (std::distance(path.begin(), path.end()) < 3) return false;
  const std::string name = path.filename().string();
  return name.find("-index.tar") == std::string::npos || name.ends_with(".idx");
}

/// The list without what tools write to.
FileList without_tools_places(FileList files, const std::string& layer, const fs::path& dir) {
  std::erase_if(files, [&](const auto& file) {
    fs::path path;
    const fs::path whole = file.first;
    return std::any_of(whole.begin(), whole.end(), [&](const fs::path& part) {
      path /= part;
      return is_for_tools(layer, dir, path);
    });
  });
  return files;
}

}  // namespace

void write_list(const Layer& layer) {
  const FileList files = list_files(layer.dir(), [&layer](const fs::path& path) {
    return path == list_file || layer.skips(path);
  });
  write_file(layer.dir() / list_file, format_files(files));
}

bool is_for_tools(const std::string& layer, const fs::path& dir, const fs::path& path) {
  const fs::path name = path.filename();
  if (name == "package.cache" || name == "package.cache.lock") return true;
  if (layer == "cabal") return path.begin()->string() == "packages" && is_downloaded(path);
  if (layer == "sandbox") return name == "incoming" || is_shown_data(dir, path);
  return layer == "app" && path == fs::path("source") / "dist-newstyle";
}

std::vector<std::string> layer_problems(const std::string& layer, const fs::path& dir,
                                        const fs::path& root) {
  const auto tag_text = read_file_if_any(dir / tag_file, largest_tag);
  const auto list_text = read_file_if_any(dir / list_file);
  if (!tag_text && !list_text) return {};
  if (!tag_text) return {"tag: it is missing, so that the layer is not used"};
  if (!list_text) return {"files: it is missing, so that nothing can be compared"};
  try {
    const Tag tag = Tag::parse(*tag_text, (dir / tag_file).string());
    if (tag.get("tier") != layer || tag.get("root") != root.string()) {
      return {"tag: it is that of " + tag.get("tier") + " in " + tag.get("root")};
    }
    const FileList expected = parse_files(*list_text, (dir / list_file).string());
    const FileList actual = list_files(dir, [&](const fs::path& path) {
      return path == list_file || is_for_tools(layer, dir, path);
    });
    return differences(without_tools_places(expected, layer, dir), actual);
  } catch (const Error& error) {
    return {what_and_why(error)};
  }
}

}  // namespace halcyon
