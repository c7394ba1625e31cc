#include "deploy/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "store/s3.h"

namespace halcyon {
namespace {

/// The catalog that came with the helper: beside it, or where `cmake --install` puts it.
fs::path own_catalog() {
  const fs::path bin = self_path().parent_path();
  for (const fs::path& file :
       {bin / "catalog.json", bin.parent_path() / "share" / "halcyon" / "catalog.json"}) {
    if (fs::exists(file)) return file;
  }
  throw Error("catalog::missing", "The helper's catalog.json is missing")
      .why("Looked beside " + self_path().string() + " and in ../share/halcyon")
      .fix("Install the buildpack or the helper again");
}

Catalog load_catalog(const Options& options, HttpClient& http) {
  Catalog catalog = Catalog::load(own_catalog());
  const std::string overlay = options.get("catalog");
  if (overlay.empty()) return catalog;
  if (overlay.starts_with("http://") || overlay.starts_with("https://")) {
    HttpRequest request;
    request.url = overlay;
    request.follow_redirects = true;
    const HttpResponse response = http.perform(request);
    if (response.status != 200) {
      throw Error("catalog::missing", "Failed to download the catalog " + log::redact(overlay))
          .why(fmt::format("The server answered with status {}", response.status))
          .fix("Check HALCYON_CATALOG");
    }
    catalog.merge(Catalog::parse(response.body, log::redact(overlay)));
  } else {
    catalog.merge(Catalog::load(overlay));
  }
  return catalog;
}

/// A directory that is not there is a typing error or a disk that is not mounted: nobody wants to
/// build for half an hour before it is told.
std::unique_ptr<Storage> open_directory(const Options& options) {
  fs::path dir = options.path("storage-dir");
  if (!fs::is_directory(dir)) {
    throw Error("storage::missing", "There is no storage directory " + dir.string())
        .why("HALCYON_STORAGE_DIR names it")
        .fix("mkdir -p " + dir.string() + "\nor mount the disk that it is on");
  }
  const bool uploads = !options.flag("no-upload") && !options.flag("no-archive");
  if (uploads && ::access(dir.c_str(), W_OK | X_OK) != 0) {
    throw system_error("Cannot write to the storage directory " + dir.string(), errno)
        .fix("To read from it only: HALCYON_NO_UPLOAD=1");
  }
  return std::make_unique<DirectoryStorage>(std::move(dir));
}

}  // namespace

std::unique_ptr<Storage> make_storage(const Options& options, HttpClient& http) {
  if (options.flag("no-private-storage")) return nullptr;
  if (options.is_set("s3-bucket")) {
    for (const char* name : {"aws-access-key-id", "aws-secret-access-key"}) {
      if (options.is_set(name)) continue;
      const std::string variable = find_option(name)->variable();
      throw Error("storage::incomplete", "HALCYON_S3_BUCKET is set, but " + variable + " is not")
          .why("A private bucket cannot be used without credentials")
          .fix("heroku config:set " + variable + "=...");
    }
    S3Options s3;
    s3.bucket = options.get("s3-bucket");
    s3.endpoint = options.get("s3-endpoint");
    s3.acl = options.get("s3-acl");
    s3.access_key = options.get("aws-access-key-id");
    s3.secret_key = options.get("aws-secret-access-key");
    s3.session_token = options.get("aws-session-token");
    return std::make_unique<S3Storage>(std::move(s3), http, &std::chrono::system_clock::now);
  }
  return options.is_set("storage-dir") ? open_directory(options) : nullptr;
}

Run::Run(Options& options, const Environment& environment, bool upload_must_work)
    : options_(options),
      catalog_(load_catalog(options, http_)),
      storage_(make_storage(options, http_)),
      cache_(options.path("cache-dir")),
      depot_(cache_, storage_.get(), http_,
             {!options.flag("no-archive"), !options.flag("no-upload"), upload_must_work}) {
  workspace_.app_dir = options.path("app-dir");
  workspace_.prefix = options.path("prefix");
  workspace_.os = os_identifier();
  workspace_.system = system_environment(environment);
  workspace_.jobs = job_count();
  workspace_.now = &std::chrono::system_clock::now;
  workspace_.catalog = &catalog_;
  workspace_.depot = &depot_;
}

Run::~Run() {
  if (!root_lock_) return;
  try {
    remove_tree(workspace_.temp());
  } catch (const std::exception&) {  // the next run removes it
  }
}

void Run::begin() {
  fs::create_directories(workspace_.root());
  root_lock_ = std::make_unique<FileLock>(workspace_.root() / "lock");
  remove_tree(workspace_.temp());
  fs::create_directories(workspace_.temp());
  fs::create_directories(cache_.dir());
  cache_lock_ = std::make_unique<FileLock>(cache_.dir().string() + ".lock");
  if (!options_.flag("no-clean-cache")) cache_.prepare(options_.flag("purge-cache"));
}

void Run::use_hooks(const fs::path& source_dir) {
  workspace_.hooks = {};
  workspace_.hooks.source_dir = source_dir;
  for (const std::string& name : hook_names()) {
    const std::string option = name + "-hook";
    if (options_.is_set(option)) workspace_.hooks.add(name, options_.path(option));
  }
}

void Run::end() {
  if (!options_.flag("no-clean-cache")) cache_.clean();
}

}  // namespace halcyon
