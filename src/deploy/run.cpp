#include "deploy/run.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "deploy/named_distributions.h"
#include "layers/dependency_data.h"
#include "net/fetch.h"
#include "store/public.h"
#include "store/s3.h"

namespace halcyon {
namespace {

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

Catalog load_catalog(const Options& options, HttpClient& http) {
  Catalog catalog = Catalog::load(installed_catalog());
  const std::string overlay = options.get("catalog");
  if (overlay.empty()) return catalog;
  if (is_web_url(overlay)) {
    catalog.merge(Catalog::parse(fetch_text(http, overlay, "the catalog", "Check HALCYON_CATALOG"),
                                 log::redact(overlay)));
  } else {
    catalog.merge(Catalog::load(overlay));
  }
  return catalog;
}

S3Options s3_options(const Options& options, const std::string& bucket) {
  const std::uint64_t part = std::max<std::uint64_t>(5, options.number("s3-part-size")) << 20U;
  const std::uint64_t stall = std::max<std::uint64_t>(1, options.number("stall-seconds"));
  return {.bucket = bucket,
          .endpoint = options.get("s3-endpoint"),
          .addressing = options.get("s3-addressing"),
          .acl = options.get("s3-acl"),
          .access_key = options.get("aws-access-key-id"),
          .secret_key = options.get("aws-secret-access-key"),
          .session_token = options.get("aws-session-token"),
          .retry = {.budget = std::chrono::seconds(options.number("retry-seconds"))},
          .stall = std::chrono::seconds(stall),
          .part_bytes = part};
}

std::unique_ptr<Storage> make_storage(const Options& options, HttpClient& http) {
  const bool wants_private = !options.flag("no-private-storage");
  if (wants_private && options.is_set("s3-bucket")) {
    for (const char* name : {"aws-access-key-id", "aws-secret-access-key"}) {
      if (options.is_set(name)) continue;
      const std::string variable = find_option(name)->variable();
      throw Error("storage::incomplete", "HALCYON_S3_BUCKET is set, but " + variable + " is not")
          .why("A private bucket cannot be used without credentials")
          .fix("heroku config:set " + variable + "=...");
    }
    return std::make_unique<S3Storage>(s3_options(options, options.get("s3-bucket")), http,
                                       &std::chrono::system_clock::now);
  }
  if (wants_private && options.is_set("storage-dir")) return open_directory(options);
  if (options.flag("no-public-storage") || !options.is_set("public-storage-url")) return nullptr;
  return std::make_unique<PublicStorage>(options.get("public-storage-url"), http);
}

Run::Shared::Shared(const Options& options, bool upload_must_work)
    : catalog(load_catalog(options, http)),
      storage(make_storage(options, http)),
      cache(options.path("cache-dir")),
      depot(cache, storage.get(), http,
            {.archive = !options.flag("no-archive"),
             .upload = !options.flag("no-upload"),
             .upload_must_work = upload_must_work,
             .clean = !options.flag("no-clean-private-storage"),
             .keys = keyring(options)}) {
  keeper.observe([this](const LayerEvent& event) { summary.layer(event); });
}

Keyring keyring(const Options& options) {
  return {options.get("signing-key"), options.words("trusted-keys")};
}

Run::Run(Options& options, const Environment& environment, bool upload_must_work)
    : options_(options), shared_(std::make_shared<Shared>(options, upload_must_work)) {
  workspace_.app_dir = options.path("app-dir");
  workspace_.prefix = options.path("prefix");
  workspace_.os = os_identifier();
  add_named_distributions(shared_->catalog, options, workspace_.os);
  workspace_.system = system_environment(environment);
  workspace_.jobs = job_count();
  const std::string format = options.get("archive-format");
  if (!format.empty()) workspace_.archive_format = parse_format(format);
  workspace_.now = &std::chrono::system_clock::now;
  workspace_.catalog = &shared_->catalog;
  workspace_.depot = &shared_->depot;
}

Run::Run(Run& outer, Options& options)
    : options_(options),
      shared_(outer.shared_),
      workspace_(outer.workspace_),
      depth_(outer.depth_ + 1) {
  constexpr int deepest = 4;
  if (depth_ > deepest) {
    throw Error("extra-apps::endless", "Extra apps have extra apps, too many times over")
        .why("Does an app name itself, or one that names it?")
        .fix("Look at .halcyon-magic/extra-apps and .halcyon-magic/sandbox-extra-apps of each");
  }
  workspace_.prefix = options.path("prefix");
}

Git Run::git() const {
  Environment env = workspace_.system;
  env["PATH"] += ":" + (workspace_.layer_dir("toolchain") / "bin").string();
  return {std::move(env),
          workspace_.temp(),
          {options_.get("ssh-key"), options_.get("ssh-known-hosts")}};
}

bool Run::may_build_dependencies() const {
  return !options_.flag("no-build") && !options_.flag("no-build-dependencies");
}

std::string Run::ghc_version() const {
  const std::string version = options_.get("ghc-version");
  return version.empty() ? catalog().recommended_ghc() : version;
}

std::string Run::cabal_version() const {
  const std::string version = options_.get("cabal-version");
  return version.empty() ? catalog().recommended_cabal() : version;
}

std::string Run::fetch(const std::string& url, const std::string& what, const std::string& fix) {
  return fetch_text(shared_->http, url, what, fix);
}

Run::~Run() {
  if (!root_lock_) return;
  const interrupt::Deferred tidying;
  try {
    remove_tree(workspace_.temp());
    show_dependency_data(workspace_);
  } catch (const std::exception&) {  // the next run removes it
  }
}

void Run::begin() {
  fs::create_directories(workspace_.root());
  root_lock_ = std::make_unique<FileLock>(workspace_.root() / "lock");
  remove_tree(workspace_.temp());
  fs::create_directories(workspace_.temp());
  fs::create_directories(shared_->cache.dir());
  cache_lock_ = std::make_unique<FileLock>(shared_->cache.dir().string() + ".lock");
  const bool purge = options_.flag("purge-cache");
  if (purge || !options_.flag("no-clean-cache")) shared_->cache.prepare(purge);
}

void Run::use_hooks(const fs::path& source_dir) {
  if (depth_ == 0) workspace_.hooks = {};
  workspace_.hooks.keep_toolchain();
  workspace_.hooks.source_dir = source_dir;
  for (const std::string& name : hook_names()) {
    if (depth_ > 0 && of_toolchain(name)) continue;  // GHC and Cabal are the outer app's
    const std::string option = name + "-hook";
    if (options_.is_set(option)) workspace_.hooks.add(name, options_.path(option));
  }
}

void Run::end() {
  if (!options_.flag("no-clean-cache")) shared_->cache.clean();
  if (depth_ == 0) shared_->summary.tell();
}

}  // namespace halcyon
