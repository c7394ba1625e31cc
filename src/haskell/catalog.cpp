#include "haskell/catalog.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/platform.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr std::size_t max_size = 4U << 20U;
constexpr std::size_t sha256_length = 64;

using rapidjson::Value;

/// A JSON value, and where it stands: every complaint names the place.
class Place {
 public:
  Place(const Value& value, const std::string& origin, std::string path)
      : value_(value), origin_(origin), path_(std::move(path)) {}

  [[noreturn]] void malformed(const std::string& why) const {
    throw Error("catalog::malformed", "The catalog " + origin_ + " is malformed")
        .why(path_.empty() ? why : path_ + ": " + why);
  }

  const Place& object() const {
    if (!value_.IsObject()) malformed("is not an object");
    return *this;
  }

  bool has(const char* name) const { return value_.FindMember(name) != value_.MemberEnd(); }

  Place at(const char* name) const {
    const auto member = value_.FindMember(name);
    if (member == value_.MemberEnd()) malformed(fmt::format("has no \"{}\"", name));
    return {member->value, origin_, path_.empty() ? name : path_ + "." + name};
  }

  std::string text() const {
    if (!value_.IsString()) malformed("is not a string");
    std::string text(value_.GetString(), value_.GetStringLength());
    if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; })) {
      malformed("has a control character");
    }
    return text;
  }

  std::string version() const {
    std::string text = this->text();
    if (!is_version(text)) malformed("\"" + text + "\" is not a version");
    return text;
  }

  std::vector<Place> elements() const {
    if (!value_.IsArray()) malformed("is not a list");
    std::vector<Place> all;
    for (const Value& element : value_.GetArray()) {
      all.emplace_back(element, origin_, fmt::format("{}[{}]", path_, all.size()));
    }
    return all;
  }

 private:
  const Value& value_;
  const std::string& origin_;
  std::string path_;
};

std::string read_os(const Place& place) {
  std::string os = place.text();
  const bool plain = std::all_of(os.begin(), os.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!plain || os.find('-') == std::string::npos) {
    place.malformed("\"" + os + "\" is not an OS identifier, such as linux-debian-12-x64");
  }
  return os;
}

std::string read_sha256(const Place& place) {
  std::string digest = lower(place.text());
  const bool hex = digest.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!digest.empty() && (digest.size() != sha256_length || !hex)) {
    place.malformed("is not a SHA-256: 64 hexadecimal digits");
  }
  return digest;
}

Distribution read_distribution(const Place& place) {
  place.object();
  Distribution distribution{read_os(place.at("os")), place.at("url").text(),
                            read_sha256(place.at("sha256"))};
  const Place url = place.at("url");
  if (!is_web_url(distribution.url)) {
    url.malformed("\"" + distribution.url + "\" is not an http or https URL");
  }
  const std::string name = distribution.file_name();
  if (name.empty() || name.starts_with('.')) url.malformed("does not end with a file name");
  return distribution;
}

template <typename Items, typename Key>
void refuse_twice(const Place& place, const Items& items, const Key& key,
                  const std::string& value) {
  if (std::any_of(items.begin(), items.end(),
                  [&](const auto& item) { return key(item) == value; })) {
    place.malformed("\"" + value + "\" is there twice");
  }
}

Release read_release(const Place& place, bool has_base) {
  place.object();
  Release release;
  release.version = place.at("version").version();
  if (has_base && place.has("base")) release.base = place.at("base").version();
  for (const Place& element : place.at("dists").elements()) {
    Distribution distribution = read_distribution(element);
    refuse_twice(
        element, release.distributions, [](const auto& d) { return d.os; }, distribution.os);
    release.distributions.push_back(std::move(distribution));
  }
  return release;
}

std::vector<Release> read_releases(const Place& document, const char* name) {
  std::vector<Release> releases;
  if (!document.has(name)) return releases;
  for (const Place& element : document.at(name).elements()) {
    Release release = read_release(element, std::string_view(name) == "ghc");
    refuse_twice(
        element, releases, [](const auto& r) { return r.version; }, release.version);
    releases.push_back(std::move(release));
  }
  return releases;
}

const Release* find_release(const std::vector<Release>& releases, std::string_view version) {
  const auto found = std::find_if(releases.begin(), releases.end(),
                                  [&](const Release& r) { return r.version == version; });
  return found == releases.end() ? nullptr : &*found;
}

void merge_release(Release& ours, const Release& overlay) {
  if (!overlay.base.empty()) ours.base = overlay.base;
  for (const Distribution& distribution : overlay.distributions) {
    std::erase_if(ours.distributions, [&](const auto& d) { return d.os == distribution.os; });
    ours.distributions.push_back(distribution);
  }
}

void merge_releases(std::vector<Release>& ours, const std::vector<Release>& overlay) {
  for (const Release& release : overlay) {
    const auto same = std::find_if(ours.begin(), ours.end(),
                                   [&](const Release& r) { return r.version == release.version; });
    if (same == ours.end()) {
      ours.push_back(release);
    } else {
      merge_release(*same, release);
    }
  }
}

std::vector<std::string> sorted_versions(const std::vector<Release>& releases) {
  std::vector<std::string> versions;
  for (const Release& release : releases) versions.push_back(release.version);
  std::sort(versions.begin(), versions.end(),
            [](const auto& a, const auto& b) { return compare_versions(a, b) < 0; });
  return versions;
}

/// Whether a general OS identifier covers an exact one: "linux-debian-x64" covers
/// "linux-debian-12-x64".
bool covers(std::string_view general, std::string_view os) {
  const std::size_t dash = general.rfind('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view stem = general.substr(0, dash);
  const std::string_view machine = general.substr(dash);
  return os.size() > general.size() && os.starts_with(stem) && os[stem.size()] == '-' &&
         os.ends_with(machine);
}

}  // namespace

std::string Distribution::file_name() const {
  const std::string path = url.substr(0, url.find_first_of("?#"));
  const std::size_t host = path.find("://");
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || (host != std::string::npos && slash < host + 3)) return {};
  return path.substr(slash + 1);
}

Catalog Catalog::parse(std::string_view json, const std::string& origin) {
  rapidjson::Document document;
  if (json.size() > max_size) {
    Place(document, origin, "").malformed("it is larger than " + format_size(max_size));
  }
  // Iterative: a hostile nesting must not exhaust the stack.
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
      json.data(), json.size());
  const Place root(document, origin, "");
  if (document.HasParseError()) {
    const std::string_view before = json.substr(0, document.GetErrorOffset());
    root.malformed(fmt::format("line {}: {}", 1 + std::count(before.begin(), before.end(), '\n'),
                               rapidjson::GetParseError_En(document.GetParseError())));
  }
  root.object();
  Catalog catalog;
  catalog.ghc_ = read_releases(root, "ghc");
  catalog.cabal_ = read_releases(root, "cabal");
  if (root.has("recommended")) {
    const Place recommended = root.at("recommended").object();
    if (recommended.has("ghc")) catalog.recommended_ghc_ = recommended.at("ghc").version();
    if (recommended.has("cabal")) catalog.recommended_cabal_ = recommended.at("cabal").version();
  }
  return catalog;
}

Catalog Catalog::load(const fs::path& file) {
  return parse(read_file(file, max_size), file.string());
}

void Catalog::merge(const Catalog& overlay) {
  merge_releases(ghc_, overlay.ghc_);
  merge_releases(cabal_, overlay.cabal_);
  if (!overlay.recommended_ghc_.empty()) recommended_ghc_ = overlay.recommended_ghc_;
  if (!overlay.recommended_cabal_.empty()) recommended_cabal_ = overlay.recommended_cabal_;
}

void Catalog::add_ghc(const Release& release) { merge_releases(ghc_, {release}); }

void Catalog::add_cabal(const Release& release) { merge_releases(cabal_, {release}); }

const Release* Catalog::ghc(std::string_view version) const { return find_release(ghc_, version); }

const Release* Catalog::cabal(std::string_view version) const {
  return find_release(cabal_, version);
}

const Release* Catalog::ghc_of_base(std::string_view base_version) const {
  const Release* newest = nullptr;
  for (const Release& release : ghc_) {
    if (base_version.empty() || release.base != base_version) continue;
    if (newest == nullptr || compare_versions(release.version, newest->version) > 0) {
      newest = &release;
    }
  }
  return newest;
}

const Distribution* Catalog::distribution(const Release& release, std::string_view os) {
  const Distribution* best = nullptr;
  for (const Distribution& distribution : release.distributions) {
    if (distribution.os == os) return &distribution;
    if (covers(distribution.os, os) &&
        (best == nullptr || distribution.os.size() > best->os.size())) {
      best = &distribution;
    }
  }
  return best;
}

std::vector<std::string> Catalog::ghc_versions() const { return sorted_versions(ghc_); }
std::vector<std::string> Catalog::cabal_versions() const { return sorted_versions(cabal_); }

fs::path installed_catalog() {
  const fs::path bin = self_path().parent_path();
  for (const fs::path& file :
       {bin / "catalog.json", bin.parent_path() / "share" / "halcyon" / "catalog.json"}) {
    if (fs::exists(file)) return file;
  }
  throw Error("catalog::missing", "The helper's catalog.json is missing")
      .why("Looked beside " + self_path().string() + " and in ../share/halcyon")
      .fix("Install the buildpack or the helper again");
}

}  // namespace halcyon
