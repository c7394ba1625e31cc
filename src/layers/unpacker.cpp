#include "layers/unpacker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/archive.h"
#include "base/stopwatch.h"
#include "base/text.h"

namespace halcyon {
namespace {

/// The bytes that a layer's files may have. A few kilobytes that become gigabytes are no layer,
/// whatever the manifest says.
std::uint64_t promised_size(const Manifest& manifest) {
  constexpr std::uint64_t any_ratio = 100U << 20U;  // below it a disk is not filled
  constexpr std::uint64_t largest_ratio = 200;      // GHC's own is under 10
  if (manifest.tree_bytes > any_ratio && manifest.tree_bytes / largest_ratio > manifest.bytes) {
    throw Error("archive::bomb", "It would become far too large")
        .why(fmt::format("{} of archive, {} of files", format_size(manifest.bytes),
                         format_size(manifest.tree_bytes)));
  }
  return manifest.tree_bytes;
}

/// What ends the unpacking of what nobody wants any more: no Error, after which damage is looked
/// for.
struct Unwanted {};

/// Passes on until nobody wants the result any more.
class WantedSource : public Source {
 public:
  WantedSource(Source& source, const std::atomic<bool>& is_unwanted)
      : source_(source), is_unwanted_(is_unwanted) {}
  std::size_t read(std::span<std::byte> buffer) override {
    if (is_unwanted_) throw Unwanted();
    return source_.read(buffer);
  }

 private:
  Source& source_;
  const std::atomic<bool>& is_unwanted_;
};

UnpackedTree unpack_layer(const Workspace& workspace, const Unpacking& what, unsigned threads,
                          Connections connections, const std::atomic<bool>& is_unwanted) {
  const Stopwatch watch;
  UnpackOptions options;
  options.max_bytes = promised_size(what.found.manifest);
  options.threads = threads;
  options.first = what.first;
  options.checked_by = CheckedBy::caller;  // the depot, by its SHA-256
  TempDir temp(workspace.temp(), "restore-");
  const fs::path tree = temp.path() / "layer";
  std::uint64_t bytes = 0;
  const auto use = [&](Source& archive) {
    remove_tree(tree);
    WantedSource wanted(archive, is_unwanted);
    bytes = unpack(wanted, tree, what.dir, options).tree_bytes;
  };
  workspace.depot->stream(what.found, use, connections);
  return {std::move(temp), tree, bytes, watch.elapsed()};
}

}  // namespace

UnpackedTree unpack_layer(const Workspace& workspace, const Unpacking& what) {
  return unpack_layer(workspace, what, workspace.jobs, Connections::shared, false);
}

Unpacker::Unpacker(const Workspace& workspace, std::vector<Unpacking> work)
    : workspace_(workspace) {
  for (Unpacking& what : work) {
    jobs_.push_back({std::move(what)});
    jobs_.back().result = jobs_.back().promise.get_future();
  }
  thread_ = std::thread([this] {
    for (Job& job : jobs_) {
      if (is_unwanted_) return;
      try {
        // For its memory: another archive is unpacked beside it.
        constexpr unsigned threads = 1;
        job.promise.set_value(
            unpack_layer(workspace_, job.what, threads, Connections::own, is_unwanted_));
      } catch (...) {
        job.promise.set_exception(std::current_exception());
      }
    }
  });
}

Unpacker::~Unpacker() {
  is_unwanted_ = true;
  thread_.join();
}

Unpacker::Job* Unpacker::find(const std::string& key, const fs::path& dir) {
  const auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& each) {
    return each.what.found.key == key && each.what.dir == dir && each.result.valid();
  });
  return job == jobs_.end() ? nullptr : &*job;
}

const Found* Unpacker::source(const std::string& key, const fs::path& dir) {
  const Job* job = find(key, dir);
  return job == nullptr ? nullptr : &job->what.found;
}

std::optional<UnpackedTree> Unpacker::take(const std::string& key, const fs::path& dir) {
  Job* job = find(key, dir);
  if (job == nullptr) return {};
  return job->result.get();
}

}  // namespace halcyon
