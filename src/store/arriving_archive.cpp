#include "store/arriving_archive.h"

namespace halcyon {

namespace {

/// Writes the same to two places; the second one may have seen enough before the end.
class BothSinks : public Sink {
 public:
  BothSinks(Sink& first, Sink& second) : first_(first), second_(second) {}
  bool write(Bytes bytes) override { return first_.write(bytes) && second_.write(bytes); }

 private:
  Sink& first_;
  Sink& second_;
};

}  // namespace

ArrivingArchive::ArrivingArchive(const std::function<void(Sink&)>& get,
                                 const std::filesystem::path& file)
    : file_(file), source_([this, get](Sink& reader) {
        BothSinks both(file_, reader);
        HashingSink hashing(both);
        get(hashing);
        bytes_ = hashing.bytes();
        digest_ = hashing.hex();
      }) {}

std::size_t ArrivingArchive::read(std::span<std::byte> buffer) {
  if (failure_) std::rethrow_exception(failure_);
  try {
    return source_.read(buffer);
  } catch (...) {
    failure_ = std::current_exception();
    throw;
  }
}

std::string ArrivingArchive::finish() {
  std::vector<std::byte> rest(64U << 10U);
  while (read(rest) > 0) continue;
  return digest_;
}

}  // namespace halcyon
