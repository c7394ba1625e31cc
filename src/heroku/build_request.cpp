#include "heroku/build_request.h"

#include <random>

#include "base/digest.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr std::size_t id_length = 32;
constexpr std::size_t small_file = 1U << 10U;

bool is_id(std::string_view text) {
  return text.size() == id_length &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string random_id() {
  std::random_device random;
  std::string id;
  while (id.size() < id_length) id += "0123456789abcdef"[random() % 16];
  return id;
}

std::string request_key(const std::string& app_id) {
  return "requests/" + app_id + "/source.tar.gz";
}

}  // namespace

AppMemory::AppMemory(const fs::path& cache_dir) : dir_(cache_dir / "halcyon") {
  id_ = trim(read_file_if_any(dir_ / "app-id", small_file).value_or(""));
  if (is_id(id_)) return;
  id_ = random_id();
  write_file(dir_ / "app-id", id_ + "\n");
}

bool AppMemory::is_deployed() const { return fs::exists(dir_ / "deployed"); }

void AppMemory::set_deployed(bool value) const {
  if (value) {
    write_file(dir_ / "deployed", "");
  } else {
    fs::remove(dir_ / "deployed");
  }
}

bool leave_request(Run& run, const std::string& label, const SlugParts& parts) {
  const Workspace& workspace = run.workspace();
  const std::string key = request_key(parts.app_id);
  Manifest manifest;
  manifest.tag = Tag("build-request", label, workspace.os, workspace.root().string())
                     .add("toolchain", parts.toolchain)
                     .add("made", format_timestamp(workspace.now()))
                     .text();
  manifest.bytes = fs::file_size(parts.source_archive);
  manifest.sha256 = sha256_file(parts.source_archive);
  halcyon::copy_file(parts.source_archive, run.depot().file(key));
  const bool stored = run.depot().put(key, manifest);
  remove_tree(run.depot().file(key).parent_path());  // of no use to the next push
  return stored;
}

std::optional<BuildRequest> find_request(Run& run, const std::string& app_id,
                                         const std::string& built) {
  if (!is_id(app_id)) return {};
  run.depot().list_anew(request_key(app_id));  // a push may have left it since
  auto found = run.depot().find_stored(request_key(app_id));
  if (!found) return {};
  Tag tag = Tag::parse(found->manifest.tag, found->key);
  const Workspace& workspace = run.workspace();
  if (tag.get("tier") != "build-request" || tag.get("made") < built) return {};
  if (tag.get("os") != workspace.os) {
    throw Error("request::other-stack", "The source of the rejected push is for another stack")
        .why("It is for " + tag.get("os") + ", and this dyno is " + workspace.os)
        .fix(
            "heroku config:set HALCYON_DEPLOY_BUILDPACK_ONLY=1\nand push again: that release has "
            "the new stack, and halcyon build works in it");
  }
  return BuildRequest{std::move(*found), std::move(tag)};
}

}  // namespace halcyon
