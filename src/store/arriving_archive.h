#pragma once

#include <filesystem>
#include <functional>

#include "base/produced_source.h"

namespace halcyon {

/// An archive on its way from storage: read while it arrives, hashed, and written to a file that
/// appears only when the archive is whole. Nothing is read twice.
class ArrivingArchive : public Source {
 public:
  /// `get` writes the archive into the sink; it runs in a thread of its own. What it raises is
  /// raised by `read`, and again by `finish`.
  ArrivingArchive(const std::function<void(Sink&)>& get, const std::filesystem::path& file);

  std::size_t read(std::span<std::byte> buffer) override;
  /// Reads what is left; the SHA-256 of all of it.
  std::string finish();
  /// Gives the file its name; after `finish`.
  void keep() { file_.commit(); }
  /// How many bytes have arrived; after `finish`.
  std::uint64_t bytes() const { return bytes_; }

 private:
  FileSink file_;
  std::string digest_;
  std::uint64_t bytes_ = 0;
  std::exception_ptr failure_;
  ProducedSource source_;  // the last one: its thread uses the others
};

}  // namespace halcyon
