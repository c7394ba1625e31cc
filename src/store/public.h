#pragma once

#include "net/http.h"
#include "net/retry.h"
#include "store/storage.h"

namespace halcyon {

/// Storage for everybody (HALCYON_PUBLIC_STORAGE_URL; manual, "Bucket usage"): the URL of a bucket
/// whose listing and objects anyone may read, asked without a signature. Whatever keeps it from
/// being used is an Error "public::failed", told soon: nobody's run depends on it.
class PublicStorage : public Storage {
 public:
  /// `policy`: how long an operation is tried. A run that could do without does not wait for long.
  PublicStorage(std::string url, HttpClient& http,
                RetryPolicy policy = {.budget = std::chrono::seconds(5)});
  std::string describe() const override;
  std::string describe(std::string_view key) const override;
  bool read_only() const override { return true; }
  Listing list_pages(std::string_view prefix, Pages pages) override;
  /// False for what the server does not give to us as well, whatever its reason.
  bool get(std::string_view key, Sink& sink, Check check = Check::by_storage) override;
  /// Error "storage::read-only".
  std::unique_ptr<Upload> begin(std::string_view key, IfThere if_there,
                                const Foreknown& known = {}) override;
  /// Nothing: others do not say.
  std::optional<std::string> digest(std::string_view key) override;
  void remove(std::string_view key) override;
  std::unique_ptr<Storage> another() const override;

 private:
  HttpResponse ask(const std::string& rest, Sink& sink);

  PublicStorage(const PublicStorage& other, std::unique_ptr<HttpClient> http);

  std::unique_ptr<HttpClient> own_http_;
  std::string url_;  ///< without a last slash
  HttpClient& http_;
  RetryPolicy policy_;
};

}  // namespace halcyon
