#include "store/s3_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>

#include "base/digest.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/stream.h"

namespace halcyon {

namespace {

constexpr std::uint64_t kMostParts = 10'000;
constexpr std::uint64_t kMebibyte = 1U << 20U;
/// Connections at once. Memory: a buffer each.
constexpr std::size_t kWorkers = 4;
constexpr auto kAbortPatience = std::chrono::seconds(10);

std::string sha256_part(const std::filesystem::path& file, std::uint64_t from,
                        std::uint64_t bytes) {
  FileSource source(file, from);
  Digest digest;
  std::vector<std::byte> buffer(256U << 10U);
  while (bytes > 0) {
    const std::size_t count =
        source.read(std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), bytes)));
    if (count == 0) break;  // the upload itself tells that the file has become shorter
    digest.update(std::span(buffer).first(count));
    bytes -= count;
  }
  return digest.hex();
}

S3Call abort_call(const std::string& key, const std::string& id) {
  return {.action = "give up the upload of",
          .method = "DELETE",
          .key = key,
          .query = {{"uploadId", id}},
          .patience = kAbortPatience};
}

}  // namespace

S3PartsUpload::~S3PartsUpload() {
  if (is_finished_) return;
  const interrupt::Deferred tidying;
  try {
    client_.send(abort_call(key_, id_));
  } catch (const std::exception&) {  // a later run removes it: remove_s3_orphans
  }
}

S3Call S3PartsUpload::part(const std::filesystem::path& file, std::size_t number,
                           std::uint64_t from, std::uint64_t bytes) const {
  return {.action = "write",
          .method = "PUT",
          .key = key_,
          .query = {{"partNumber", std::to_string(number)}, {"uploadId", id_}},
          .upload = file,
          .upload_from = from,
          .upload_bytes = bytes,
          .sha256 = sha256_part(file, from, bytes),
          .meter = meter_};
}

void S3PartsUpload::send(const std::filesystem::path& file, std::uint64_t part_bytes) {
  const std::uint64_t size = std::filesystem::file_size(file);
  const std::uint64_t count = (size + part_bytes - 1) / part_bytes;
  etags_.resize(count);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;

  const auto work = [&] {
    try {
      HttpClient http;
      S3Client client(client_, http);
      for (std::size_t i = next++; i < count; i = next++) {
        const std::uint64_t from = i * part_bytes;
        const S3Call call = part(file, i + 1, from, std::min(part_bytes, size - from));
        const S3Answer answer = client.send(call);
        if (!answer.ok()) throw client.error(call, answer);
        etags_[i] = answer.response.header("etag");
      }
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < std::min<std::uint64_t>(kWorkers, count); ++i) {
      workers.emplace_back(work);
    }
  }
  if (failure) std::rethrow_exception(failure);
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

std::uint64_t s3_part_bytes(std::uint64_t file_bytes, std::uint64_t wanted) {
  const std::uint64_t least = (file_bytes + kMostParts - 1) / kMostParts;
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
