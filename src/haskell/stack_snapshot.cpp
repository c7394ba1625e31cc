#include <fmt/format.h>

#include <regex>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "haskell/project.h"
#include "haskell/stack.h"

namespace halcyon {
namespace {

constexpr std::size_t max_layers = 8;
constexpr std::uint64_t max_size = 16U << 20U;

/// Where a snapshot is: a URL or a file, and the directory that its own files are relative to.
struct Location {
  std::string url;
  fs::path file;
  std::string text() const { return url.empty() ? file.string() : url; }
};

[[noreturn]] void unknown(const std::string& snapshot, const std::string& why) {
  throw Error("stack::unknown-snapshot", "stack.yaml asks for the snapshot " + snapshot)
      .why(why)
      .fix("Name an exact one, for example:\n  snapshot: lts-22.7");
}

/// "lts-22.7" → "lts/22/7.yaml", "nightly-2024-01-19" → "nightly/2024/1/19.yaml", else empty.
std::string published_path(const std::string& snapshot) {
  static const std::regex lts(R"(lts-(\d{1,4})\.(\d{1,4}))");
  static const std::regex nightly(R"(nightly-(\d{4})-0?(\d{1,2})-0?(\d{1,2}))");
  std::smatch match;
  if (std::regex_match(snapshot, match, lts)) {
    return fmt::format("lts/{}/{}.yaml", match[1].str(), match[2].str());
  }
  if (std::regex_match(snapshot, match, nightly)) {
    return fmt::format("nightly/{}/{}/{}.yaml", match[1].str(), match[2].str(), match[3].str());
  }
  return {};
}

Location locate(const std::string& snapshot, const Location& from, const std::string& base_url) {
  static const std::regex github(R"(github:([\w.-]+/[\w.-]+):([^\s?#]+))");
  static const std::regex newest(R"((lts|nightly)(-\d+)?)");
  const std::string path = published_path(snapshot);
  if (!path.empty()) return {base_url + (base_url.ends_with('/') ? "" : "/") + path, {}};
  std::smatch match;
  if (std::regex_match(snapshot, match, github)) {
    return {fmt::format("https://raw.githubusercontent.com/{}/master/{}", match[1].str(),
                        match[2].str()),
            {}};
  }
  if (is_web_url(snapshot)) return {snapshot, {}};
  if (std::regex_match(snapshot, newest)) {
    unknown(snapshot, "That is whatever is newest, not the same every day");
  }
  if (!from.url.empty()) unknown(snapshot, "It is a file, named by " + log::redact(from.url));
  const fs::path file = (from.file.parent_path() / snapshot).lexically_normal();
  if (!fs::is_regular_file(file)) {
    unknown(snapshot, "It is not a published one, and there is no file " + file.string());
  }
  return {"", file};
}

std::string read(const Location& location, const std::string& sha256, const Fetch& fetch) {
  std::string text =
      location.url.empty() ? read_file(location.file, max_size) : fetch(location.url);
  if (!sha256.empty() && halcyon::sha256(text) != sha256) {
    throw Error("stack::wrong-checksum",
                "The snapshot " + log::redact(location.text()) + " is not the one expected")
        .why(fmt::format("stack.yaml says sha256 {}\nit has {}", sha256, halcyon::sha256(text)));
  }
  return text;
}

}  // namespace

Constraints resolve_snapshot(const StackFile& project, const fs::path& dir,
                             const std::string& base_url, const Fetch& fetch) {
  std::vector<StackFile> layers{project};
  Location from{"", dir / "stack.yaml"};
  std::string compiler = project.compiler;
  while (!layers.back().snapshot.empty()) {
    const std::string snapshot = layers.back().snapshot;
    if (const std::string version = compiler_version(snapshot); !version.empty()) {
      if (compiler.empty()) compiler = version;
      break;
    }
    if (layers.size() > max_layers) unknown(project.snapshot, "It stands on too many others");
    from = locate(snapshot, from, base_url);
    const std::string text = read(from, layers.back().snapshot_sha256, fetch);
    layers.push_back(parse_stack_snapshot(text, log::redact(from.text())));
    if (compiler.empty()) compiler = layers.back().compiler;
  }
  if (compiler.empty()) {
    throw Error("stack::no-compiler", "stack.yaml says no version of GHC")
        .why("Neither it nor its snapshot names a compiler")
        .fix("Add a snapshot, for example:\n  snapshot: lts-22.7");
  }
  Constraints result;
  result.compiler = compiler;
  // Each one stands on the next: what it says replaces that.
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    for (const std::string& name : layer->dropped) result.remove(name);
    for (const auto& [name, version] : layer->pins) result.set(name, {version, {}});
    for (const auto& [name, flags] : layer->flags) {
      if (const Constraint* pin = result.find(name)) result.set(name, {pin->version, flags});
    }
  }
  return result;
}

}  // namespace halcyon
