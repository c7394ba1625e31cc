#include "store/s3_upload.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace halcyon {

namespace {

constexpr std::uint64_t kMostParts = 10'000;
constexpr std::uint64_t kMebibyte = 1U << 20U;
/// Connections at once, and parts in memory besides the one that is being written.
constexpr std::size_t kWorkers = 4;
constexpr auto kAbortPatience = std::chrono::seconds(10);

S3Call abort_call(const std::string& key, const std::string& id) {
  return {.action = "give up the upload of",
          .method = "DELETE",
          .key = key,
          .query = {{"uploadId", id}},
          .patience = kAbortPatience};
}

}  // namespace

S3PartsUpload::~S3PartsUpload() {
  stop();
  if (is_finished_) return;
  const interrupt::Deferred tidying;
  try {
    client_.send(abort_call(key_, id_));
  } catch (const std::exception&) {  // a later run removes it: remove_s3_orphans
  }
}

void S3PartsUpload::add(std::vector<std::byte> bytes) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unsent_ < kWorkers || failure_; });
  if (failure_) std::rethrow_exception(failure_);
  etags_.emplace_back();
  waiting_.push_back({etags_.size(), std::move(bytes)});
  if (++unsent_ > workers_.size()) workers_.emplace_back([this] { work(); });
  changed_.notify_all();
}

void S3PartsUpload::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unsent_ == 0 || failure_; });
  if (failure_) std::rethrow_exception(failure_);
}

void S3PartsUpload::work() {
  try {
    HttpClient http;
    S3Client client(client_, http);
    while (std::optional<Part> part = next()) {
      std::string etag = send(client, *part);
      part->bytes = {};  // before another one may be added
      const std::lock_guard lock(mutex_);
      etags_[part->number - 1] = std::move(etag);
      --unsent_;
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    changed_.notify_all();
  }
}

/// Waits for the next part; nothing when no more are to be sent.
std::optional<S3PartsUpload::Part> S3PartsUpload::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_.empty() || is_last_ || failure_; });
  if (is_last_ || failure_) return {};
  Part part = std::move(waiting_.front());
  waiting_.pop_front();
  return part;
}

std::string S3PartsUpload::send(S3Client& client, const Part& part) const {
  const S3Call call{
      .action = "write",
      .method = "PUT",
      .key = key_,
      .query = {{"partNumber", std::to_string(part.number)}, {"uploadId", id_}},
      .upload = part.bytes,
      .sha256 = sha256({reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size()}),
      .meter = meter_};
  const S3Answer answer = client.send(call);
  if (!answer.ok()) throw client.error(call, answer);
  return answer.response.header("etag");
}

/// Ends the workers: what waits is not sent.
void S3PartsUpload::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_last_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

S3Call S3PartsUpload::finish(HttpHeaders headers) const {
  std::string body = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags_.size(); ++i) {
    std::string etag;
    for (const char c : etags_[i]) etag += c == '"' ? "&quot;" : std::string(1, c);
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, etag);
  }
  return {.action = "write",
          .method = "POST",
          .key = key_,
          .query = {{"uploadId", id_}},
          .headers = std::move(headers),
          .body = body + "</CompleteMultipartUpload>",
          .expects = "CompleteMultipartUploadResult",
          .is_slow = true};
}

std::uint64_t s3_part_bytes(std::uint64_t object_bytes, std::uint64_t wanted) {
  const std::uint64_t least = (object_bytes + kMostParts - 1) / kMostParts;
  if (least <= wanted) return wanted;
  return (least + kMebibyte - 1) / kMebibyte * kMebibyte;
}

int remove_s3_orphans(S3Client& client, const std::string& prefix,
                      std::chrono::system_clock::time_point before) {
  int removed = 0;
  try {
    const S3Answer answer = client.send({.action = "list the uploads of",
                                         .query = {{"uploads", ""}, {"prefix", prefix}},
                                         .patience = {}});
    if (!answer.ok()) return 0;
    for (const S3Upload& upload : parse_s3_uploads(answer.response.body)) {
      const bool is_ours = upload.key.starts_with(prefix) && upload.begun;
      if (!is_ours || *upload.begun >= before) continue;
      if (client.send(abort_call(upload.key, upload.id)).ok()) ++removed;
    }
  } catch (const Error&) {  // it was not asked for
  }
  return removed;
}

}  // namespace halcyon
