#pragma once

#include <memory>

#include "base/files.h"
#include "haskell/catalog.h"
#include "layers/keeper.h"
#include "layers/workspace.h"
#include "net/http.h"
#include "options/options.h"
#include "store/depot.h"

namespace halcyon {

/// Everything that one run of the helper works with, made from the options: catalog, cache,
/// storage, workspace. Nothing is asked of a network before it is needed, but for a catalog that is
/// named by URL.
class Run {
 public:
  /// `environment` is ours; children get only what system_environment lets through.
  /// `upload_must_work`: whether a failed upload fails the run (`build`) or warns (`deploy`).
  Run(Options& options, const Environment& environment, bool upload_must_work);
  /// Removes what is temporary, also after a failure.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const Options& options() const { return options_; }
  const Workspace& workspace() const { return workspace_; }
  const Catalog& catalog() const { return catalog_; }
  Cache& cache() { return cache_; }
  Depot& depot() { return depot_; }
  Keeper& keeper() { return keeper_; }
  bool has_storage() const { return storage_ != nullptr; }

  /// From now on layers run the hooks that the options name, for the app in this directory (empty:
  /// the environment alone).
  void use_hooks(const std::filesystem::path& source_dir);

  /// Takes the lock on the app directory and the cache, removes what killed runs left, prepares the
  /// cache. Called by commands that change anything.
  void begin();
  /// Cleans the cache, after success only.
  void end();

 private:
  Options& options_;
  HttpClient http_;
  Catalog catalog_;
  std::unique_ptr<Storage> storage_;
  Cache cache_;
  Depot depot_;
  Keeper keeper_;
  Workspace workspace_;
  std::unique_ptr<FileLock> root_lock_;
  std::unique_ptr<FileLock> cache_lock_;
};

/// The private storage that the options name: an S3 bucket, else a directory (HALCYON_STORAGE_DIR),
/// else none. A bucket without credentials is an Error "storage::incomplete", a directory that is
/// not there "storage::missing"; one that cannot be written to needs HALCYON_NO_UPLOAD.
std::unique_ptr<Storage> make_storage(const Options& options, HttpClient& http);

}  // namespace halcyon
