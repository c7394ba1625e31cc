#pragma once

#include <memory>

#include "base/files.h"
#include "haskell/catalog.h"
#include "layers/cabal.h"
#include "layers/keeper.h"
#include "layers/summary.h"
#include "layers/workspace.h"
#include "net/git.h"
#include "net/http.h"
#include "options/options.h"
#include "store/depot.h"
#include "store/s3.h"

namespace halcyon {

/// Everything that one run of the helper works with, made from the options: catalog, cache,
/// storage, workspace. Nothing is asked of a network before it is needed, but for a catalog that is
/// named by URL.
class Run {
 public:
  /// `environment` is ours; children get only what system_environment lets through.
  /// `upload_must_work`: whether a failed upload fails the run (`build`) or warns (`deploy`).
  Run(Options& options, const Environment& environment, bool upload_must_work);
  /// A run inside another one, for an extra app: with the same cache, storage and locks, and
  /// options of its own. Raises Error "extra-apps::endless" where they are nested too deeply.
  Run(Run& outer, Options& options);
  /// Removes what is temporary, also after a failure; shows the data that installed apps look for
  /// where their sandbox is not there any more.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const Options& options() const { return options_; }
  const Workspace& workspace() const { return workspace_; }
  const Catalog& catalog() const { return shared_->catalog; }
  Cache& cache() { return shared_->cache; }
  Depot& depot() { return shared_->depot; }
  Keeper& keeper() { return shared_->keeper; }
  /// What the options say, else the catalog's recommendation.
  std::string ghc_version() const;
  std::string cabal_version() const;
  CabalRepo cabal_repo() const { return CabalRepo::parse(options_.get("cabal-repo")); }
  /// Whether neither HALCYON_NO_BUILD nor HALCYON_NO_BUILD_DEPENDENCIES is set.
  bool may_build_dependencies() const;
  /// The text at a URL; see fetch_text.
  std::string fetch(const std::string& url, const std::string& what, const std::string& fix);
  /// What took how long in this run.
  Summary& summary() { return shared_->summary; }
  /// Whether there is a private storage: public storage keeps nothing for anybody.
  bool has_storage() const { return shared_->storage != nullptr && !shared_->storage->read_only(); }
  /// The machine's git, else the toolchain layer's, with the deploy key of the options.
  Git git() const;

  /// From now on layers run the hooks that the options name, for the app in this directory (empty:
  /// the environment alone).
  void use_hooks(const std::filesystem::path& source_dir);

  /// Takes the lock on the app directory and the cache, removes what killed runs left, prepares the
  /// cache. Called by commands that change anything.
  void begin();
  /// Cleans the cache and tells where the time went, after success only.
  void end();

 private:
  /// What a run shares with those inside it.
  struct Shared {
    explicit Shared(const Options& options, bool upload_must_work);
    HttpClient http;
    Catalog catalog;
    std::unique_ptr<Storage> storage;
    Cache cache;
    Depot depot;
    Keeper keeper;
    Summary summary;
  };

  Options& options_;
  std::shared_ptr<Shared> shared_;
  Workspace workspace_;
  int depth_ = 0;  ///< how many runs this one is inside of
  std::unique_ptr<FileLock> root_lock_;
  std::unique_ptr<FileLock> cache_lock_;
};

/// The storage that the options name: private, which is an S3 bucket, else a directory
/// (HALCYON_STORAGE_DIR); public where there is no private one; else none. A bucket without
/// credentials is an Error "storage::incomplete", a directory that is not there "storage::missing";
/// one that cannot be written to needs HALCYON_NO_UPLOAD.
std::unique_ptr<Storage> make_storage(const Options& options, HttpClient& http);

/// The keys that the options name; see Keyring for its errors.
Keyring keyring(const Options& options);

/// The catalog that came with the helper, and HALCYON_CATALOG's over it.
Catalog load_catalog(const Options& options, HttpClient& http);

/// How a bucket is reached: the server, the key and the ACL that the options name.
S3Options s3_options(const Options& options, const std::string& bucket);

}  // namespace halcyon
