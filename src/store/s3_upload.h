#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "store/s3_client.h"

/// Uploads in parts (S3 user guide, "Uploading an object using multipart upload").
namespace halcyon {

/// An upload that was begun: its parts go to the server over several connections at once, each
/// straight from the file. One that is not finished is given up when this object goes.
class S3PartsUpload {
 public:
  S3PartsUpload(S3Client& client, std::string key, std::string id, Meter* meter = nullptr)
      : client_(client), key_(std::move(key)), id_(std::move(id)), meter_(meter) {}
  ~S3PartsUpload();
  S3PartsUpload(const S3PartsUpload&) = delete;
  S3PartsUpload& operator=(const S3PartsUpload&) = delete;

  /// Sends all of the file. The first failure ends it.
  void send(const std::filesystem::path& file, std::uint64_t part_bytes);
  /// The call that makes an object of the parts.
  S3Call finish(HttpHeaders headers) const;
  void finished() { is_finished_ = true; }

 private:
  S3Call part(const std::filesystem::path& file, std::size_t number, std::uint64_t from,
              std::uint64_t bytes) const;

  S3Client& client_;
  std::string key_;
  std::string id_;
  Meter* meter_;
  std::vector<std::string> etags_;
  bool is_finished_ = false;
};

/// How large the parts of a file are: all alike but the last (R2 wants it), 10,000 at most.
std::uint64_t s3_part_bytes(std::uint64_t file_bytes, std::uint64_t wanted);

/// Removes the unfinished uploads below a key prefix that were begun before a time: a killed run
/// left them, and they cost money. Failure is no matter. Returns how many.
int remove_s3_orphans(S3Client& client, const std::string& prefix,
                      std::chrono::system_clock::time_point before);

}  // namespace halcyon
