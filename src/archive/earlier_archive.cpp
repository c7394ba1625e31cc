#include "archive/earlier_archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"

namespace halcyon {

using namespace codec;

EarlierArchive::EarlierArchive(const fs::path& file, const std::string& sha256, Format format,
                               unsigned threads) {
  const auto frames = frame_format(format);
  if (!frames) return;
  try {
    read(file, sha256, *frames, threads);
  } catch (const Error& error) {
    log::detail("Packing all of it: " + what_and_why(error));
    frames_.clear();
  }
}

void EarlierArchive::read(const fs::path& file, const std::string& sha256,
                          const FrameFormat& format, unsigned threads) {
  fd_.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd_) throw system_error("Cannot open " + file.string(), errno);
  FileSource bytes(file);
  HashingSource hashing(bytes);
  Input input(hashing);
  std::mutex mutex;  // guards the input, its offset and frames_
  std::uint64_t offset = 0;
  bool is_end = false;
  const auto work = [&] {
    const auto unpacker = format.unpacker();
    std::vector<std::byte> content;
    for (std::vector<std::byte> frame;; frame.clear()) {
      Place place{};
      {
        const std::lock_guard lock(mutex);
        is_end = is_end || format.next(input, frame) != FrameFormat::Taken::frame;
        if (is_end) return;
        place = {offset, frame.size()};
        offset += frame.size();
      }
      content.resize(std::max(content.size(), unpacker->size(frame)));
      const std::size_t count = unpacker->unpack(frame, content, [](std::size_t) {});
      if (count == 0) continue;  // of others, who skip it
      std::string digest = halcyon::sha256(Bytes(content).first(count));
      const std::lock_guard lock(mutex);
      frames_.emplace(std::move(digest), place);
    }
  };
  std::vector<std::future<void>> workers;
  for (unsigned i = 1; i < threads; ++i) workers.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& worker : workers) worker.get();
  if (hashing.finish() != sha256) {
    throw Error("archive::corrupt", file.string() + " is damaged")
        .why("Its SHA-256 is not the one of its manifest");
  }
}

std::optional<PackedFrame> EarlierArchive::find(Bytes content) const {
  const auto known = frames_.find(sha256(content));
  if (known == frames_.end()) return {};
  const auto& [offset, count] = known->second;
  PackedFrame frame{make_memory(count), count};
  for (std::size_t done = 0; done < count;) {
    const ssize_t got = ::pread(fd_.get(), frame.bytes.get() + done, count - done,
                                static_cast<off_t>(offset + done));
    if (got <= 0) return {};  // it is packed again
    done += static_cast<std::size_t>(got);
  }
  return frame;
}

}  // namespace halcyon
