#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "store/s3_client.h"

/// Uploads in parts (S3 user guide, "Uploading an object using multipart upload").
namespace halcyon {

/// An upload that was begun: its parts go to the server over several connections at once, while
/// more are added. One that is not finished is given up when this object goes.
class S3PartsUpload {
 public:
  S3PartsUpload(S3Client& client, std::string key, std::string id, Meter* meter = nullptr)
      : client_(client), key_(std::move(key)), id_(std::move(id)), meter_(meter) {}
  ~S3PartsUpload();
  S3PartsUpload(const S3PartsUpload&) = delete;
  S3PartsUpload& operator=(const S3PartsUpload&) = delete;

  /// Adds the next part; waits while four are on their way. Raises what made a part fail.
  void add(std::vector<std::byte> bytes);
  /// Waits until all parts are sent. Raises what made one fail.
  void wait();
  /// The call that makes an object of the parts; after `wait`.
  S3Call finish(HttpHeaders headers) const;
  void finished() { is_finished_ = true; }

 private:
  struct Part {
    std::size_t number = 0;
    std::vector<std::byte> bytes;
  };
  void work();
  std::optional<Part> next();
  std::string send(S3Client& client, const Part& part) const;
  void stop();

  S3Client& client_;
  std::string key_;
  std::string id_;
  Meter* meter_;
  bool is_finished_ = false;
  std::vector<std::string> etags_;
  std::deque<Part> waiting_;
  std::size_t unsent_ = 0;  // waiting, or on their way
  bool is_last_ = false;    // no more will come
  std::exception_ptr failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::thread> workers_;
};

/// How large the parts of an object are: all alike but the last (R2 wants it), 10,000 at most.
std::uint64_t s3_part_bytes(std::uint64_t object_bytes, std::uint64_t wanted);

/// Removes the unfinished uploads below a key prefix that were begun before a time: a killed run
/// left them, and they cost money. Failure is no matter. Returns how many.
int remove_s3_orphans(S3Client& client, const std::string& prefix,
                      std::chrono::system_clock::time_point before);

}  // namespace halcyon
