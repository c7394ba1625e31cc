#include "deploy/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/digest.h"
#include "base/platform.h"
#include "base/text.h"
#include "deploy/run.h"
#include "layers/layer_check.h"

namespace halcyon {
namespace {

constexpr std::size_t most_told = 10;
constexpr std::uint64_t small_file = 4U << 20U;

std::string first_of(const std::vector<std::string>& problems) {
  const auto told = std::min(problems.size(), most_told);
  std::string text =
      join({problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(told)}, "\n");
  if (told < problems.size()) text += fmt::format("\nand {} more", problems.size() - told);
  return text;
}

class Verification {
 public:
  explicit Verification(const Options& options) : options_(options), keys_(keyring(options)) {}

  std::vector<Finding> run() {
    layers();
    cache();
    storage();
    return std::move(findings_);
  }

 private:
  void layers() {
    const fs::path root = options_.path("app-dir") / ".halcyon";
    std::unique_ptr<FileLock> lock;
    if (fs::exists(root)) lock = std::make_unique<FileLock>(root / "lock");
    for (const char* name : {"ghc", "cabal", "sandbox", "app", "toolchain"}) {
      const fs::path dir = root / name;
      if (!fs::exists(dir / tag_file) && !fs::exists(dir / list_file)) continue;
      attempt(name, dir.string(), [&]() -> Finding {
        const std::vector<std::string> problems = layer_problems(name, dir, root);
        if (problems.empty()) return {name, Health::ok, dir.string(), ""};
        return {name, Health::failed, dir.string() + "\n" + first_of(problems),
                "rm -rf " + shell_quote(dir.string()) +
                    "\nand the next halcyon restore, or deploy, makes it anew"};
      });
    }
  }

  void cache() {
    const Cache cache(options_.path("cache-dir"));
    for (const std::string& key : cache.keys("")) {
      const std::string manifest_key = manifest_name(key);
      if (!cache.has(manifest_key)) continue;
      attempt("cache", key, [&]() -> Finding {
        const fs::path file = cache.file(key);
        const std::string fix = "rm " + shell_quote(file.string()) + " " +
                                shell_quote(cache.file(manifest_key).string());
        return judge(
            "cache", key, read_file(cache.file(manifest_key), small_file), fs::file_size(file),
            [&] { return sha256_file(file); }, fix);
      });
    }
  }

  void storage() {
    attempt("storage", "", [this]() -> Finding {
      storage_ = make_storage(options_, http_);
      if (storage_ == nullptr) return {"storage", Health::ok, "none is set up", ""};
      std::map<std::string, std::uint64_t> sizes;
      for (const std::string& prefix : {os_identifier() + "/", std::string("requests/")}) {
        for (const ObjectInfo& object : storage_->list(prefix)) sizes[object.key] = object.size;
      }
      for (const auto& [key, size] : sizes) {
        if (!sizes.contains(manifest_name(key))) continue;
        attempt("storage", key, [&, &key = key, &size = size] { return stored(key, size); });
      }
      return {"storage", Health::ok, storage_->describe(), ""};
    });
  }

  Finding stored(const std::string& key, std::uint64_t size) {
    StringSink text(small_file);
    if (!storage_->get(manifest_name(key), text)) {
      throw Error("verify::gone", "Its manifest is gone");
    }
    return judge(
        "storage", key, text.text, size, [&] { return storage_->digest(key); }, mend_storage(key));
  }

  /// `digest` may know nothing: then the content is not compared.
  Finding judge(const std::string& place, const std::string& key, const std::string& text,
                std::uint64_t size, const std::function<std::optional<std::string>()>& digest,
                const std::string& fix) const {
    try {
      const Manifest manifest = keys_.read(text, key, "its manifest");
      std::string problem;
      if (size != manifest.bytes) {
        problem = fmt::format("it has {} bytes, not {}", size, manifest.bytes);
      } else if (digest().value_or(manifest.sha256) != manifest.sha256) {
        problem = "its content is another one";
      }
      if (problem.empty()) return {place, Health::ok, key, ""};
      return {place, Health::failed, key + ": " + problem, fix};
    } catch (const Error& error) {
      const std::string detail = key + ": " + what_and_why(error);
      if (error.id() == "manifest::other-version") return {place, Health::skipped, detail, ""};
      return {place, Health::failed, detail, fix};
    }
  }

  std::string mend_storage(const std::string& key) const {
    if (storage_->read_only()) return "Whoever keeps this storage has to replace it";
    std::string fix;
    for (const std::string& part : {key, manifest_name(key)}) {
      fix += options_.is_set("s3-bucket")
                 ? fmt::format("halcyon s3 delete {} {}\n", shell_quote(options_.get("s3-bucket")),
                               shell_quote(part))
                 : fmt::format("rm {}\n", shell_quote(storage_->describe(part)));
    }
    return fix + "and the next build uploads it anew";
  }

  /// Adds what `look` finds, or that it cannot look.
  void attempt(const std::string& place, const std::string& what,
               const std::function<Finding()>& look) {
    try {
      findings_.push_back(look());
    } catch (const Error& error) {
      findings_.push_back({place, Health::failed,
                           (what.empty() ? "" : what + ": ") + what_and_why(error), error.fix()});
    }
  }

  const Options& options_;
  Keyring keys_;
  HttpClient http_;
  std::unique_ptr<Storage> storage_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> verify(const Options& options) { return Verification(options).run(); }

}  // namespace halcyon
