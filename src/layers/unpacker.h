#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "layers/workspace.h"

/// Layers out of archives.
namespace halcyon {

/// An archive that is to be unpacked for a layer.
struct Unpacking {
  Found found;
  std::filesystem::path dir;         ///< the layer's: where links of the archive may lead to
  std::vector<std::string> first{};  ///< UnpackOptions::first
};

/// A tree that is not at its place yet.
struct UnpackedTree {
  TempDir temp;
  std::filesystem::path tree;
  std::uint64_t bytes = 0;  ///< of its files
  std::chrono::milliseconds took{};
};

/// Unpacks an archive below the workspace's directory for temporary files. Raises what
/// Depot::stream and unpack raise, and Error "archive::bomb" for a few kilobytes that would become
/// gigabytes.
UnpackedTree unpack_layer(const Workspace& workspace, const Unpacking& what);

/// Unpacks archives in a thread of its own, one after the other: layers that are wanted soon, while
/// another one is restored or built.
class Unpacker {
 public:
  Unpacker(const Workspace& workspace, std::vector<Unpacking> work);
  /// Gives up what was not taken.
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  /// Where an archive comes from that is still to be taken; nullptr when it is none of this work.
  const Found* source(const std::string& key, const std::filesystem::path& dir);
  /// Waits for the tree of an archive, or raises what its unpacking has raised. Nothing when it is
  /// none of this work, or has been taken before.
  std::optional<UnpackedTree> take(const std::string& key, const std::filesystem::path& dir);

 private:
  struct Job {
    Unpacking what;
    std::promise<UnpackedTree> promise{};
    std::future<UnpackedTree> result{};
  };

  Job* find(const std::string& key, const std::filesystem::path& dir);

  const Workspace& workspace_;
  std::vector<Job> jobs_;
  std::atomic<bool> is_unwanted_ = false;
  std::thread thread_;  // the last one: it uses the others
};

}  // namespace halcyon
