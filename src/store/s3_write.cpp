#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "net/signing.h"
#include "store/s3.h"
#include "store/s3_upload.h"

// How S3Storage writes objects; reading and the rest are in s3.cpp.

namespace halcyon {

namespace {

constexpr const char* kCondition = "if-none-match";
/// Which upload made an object that has no digest yet.
constexpr const char* kIdHeader = "x-amz-meta-upload";
constexpr long kConditionFailed = 412;
constexpr long kNotImplemented = 501;

bool has_header(const S3Call& call, const char* name) {
  return std::any_of(call.headers.begin(), call.headers.end(),
                     [name](const auto& header) { return header.first == name; });
}

void drop_header(S3Call& call, const char* name) {
  std::erase_if(call.headers, [name](const auto& header) { return header.first == name; });
}

std::string random_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// What servers say of headers that they do not know.
bool is_unsupported(const S3Answer& answer) {
  const std::string& code = answer.fault.code;
  return answer.response.status == kNotImplemented || code == "NotImplemented" ||
         code == "InvalidArgument" || code == "InvalidRequest";
}

}  // namespace

/// What is written waits as long as it may be all of the object; what is more than a part goes in
/// parts, while more is written.
class S3Storage::ObjectUpload : public Upload {
 public:
  ObjectUpload(S3Storage& storage, std::string_view key, IfThere if_there, Foreknown known)
      : storage_(storage),
        key_(key),
        full_key_(storage.full_key(key)),
        keeps_(if_there == IfThere::keep),
        known_(std::move(known)),
        part_bytes_(s3_part_bytes(known_.bytes, storage.options_.part_bytes)),
        meter_(key_.substr(key_.rfind('/') + 1), known_.bytes) {
    buffer_.reserve(std::min(known_.bytes, part_bytes_));
  }

  bool write(Bytes bytes) override {
    while (!bytes.empty() && !is_there_) {
      if (buffer_.size() == part_bytes_) send_part();
      const Bytes next = bytes.first(std::min(bytes.size(), part_bytes_ - buffer_.size()));
      buffer_.insert(buffer_.end(), next.begin(), next.end());
      bytes = bytes.subspan(next.size());
    }
    return true;
  }

  bool commit(const std::string& sha256) override {
    // Where conditions work a small object need not ask first.
    if (parts_ == nullptr && keeps_ && !storage_.conditions_work_) is_there_ = storage_.has(key_);
    if (is_there_) return storage_.digest(key_) == sha256;
    S3Call call = last_call(sha256);
    if (keeps_ && storage_.conditions_work_) call.headers.emplace_back(kCondition, "*");
    const S3Answer answer = storage_.write(call);
    if (answer.ok()) {
      if (parts_ != nullptr) parts_->finished();
      if (!id_.empty()) add_digest(sha256);
      return true;
    }
    // It may be our own: an answer that was lost.
    const bool is_condition =
        answer.response.status == kConditionFailed && has_header(call, kCondition);
    if (is_condition || answer.fault.code == "NoSuchUpload") {
      const bool same = add_digest(sha256) || storage_.digest(key_) == sha256;
      if (is_condition || same) return same;
    }
    throw storage_.client_.error(call, answer);
  }

 private:
  void send_part() {
    if (parts_ == nullptr) begin_parts();
    if (!is_there_) parts_->add(std::move(buffer_));
    buffer_ = {};
    if (!is_there_) buffer_.reserve(part_bytes_);
  }

  void begin_parts() {
    if (keeps_ && storage_.has(key_)) {
      is_there_ = true;
      return;
    }
    storage_.clean_uploads(full_key_);
    S3Call call{.action = "write",
                .method = "POST",
                .key = full_key_,
                .query = {{"uploads", ""}},
                .expects = "InitiateMultipartUploadResult"};
    if (known_.sha256.empty()) {
      id_ = random_id();
      call.headers.emplace_back(kIdHeader, id_);
    } else {
      call.headers.emplace_back(kDigestHeader, known_.sha256);
    }
    storage_.add_acl(call);
    const S3Answer begun = storage_.write(call);
    if (!begun.ok()) throw storage_.client_.error(call, begun);
    parts_ = std::make_unique<S3PartsUpload>(storage_.client_, full_key_,
                                             parse_s3_upload_id(begun.response.body), &meter_);
  }

  /// The one that makes the object.
  S3Call last_call(const std::string& sha256) {
    if (parts_ != nullptr) {
      parts_->add(std::move(buffer_));
      parts_->wait();
      return parts_->finish({});
    }
    S3Call call{.action = "write",
                .method = "PUT",
                .key = full_key_,
                .headers = {{kDigestHeader, sha256}},
                .upload = buffer_,
                .sha256 = sha256,
                .meter = &meter_};
    storage_.add_acl(call);
    return call;
  }

  /// Adds the digest that was not known when the upload was begun. False when the object is not
  /// that of this upload, as when another builder has replaced it. A server that does not copy has
  /// the object without its digest.
  bool add_digest(const std::string& sha256) {
    if (id_.empty()) return false;
    const std::string source = "/" + storage_.client_.endpoint().bucket + "/" + full_key_;
    // Swift knows an object that came in parts by another tag here than in its answers.
    for (const auto& [condition, header] :
         {std::pair{"x-amz-copy-source-if-match", "etag"},
          std::pair{"x-amz-copy-source-if-unmodified-since", "last-modified"}}) {
      const S3Answer found = storage_.head(key_);
      if (!found.ok() || found.response.header(kIdHeader) != id_) return false;
      S3Call call{.action = "write",
                  .method = "PUT",
                  .key = full_key_,
                  .headers = {{"x-amz-copy-source", uri_encode(source, true)},
                              {condition, found.response.header(header)},
                              {"x-amz-metadata-directive", "REPLACE"},
                              {kDigestHeader, sha256}},
                  .expects = "CopyObjectResult",
                  .is_slow = true};
      storage_.add_acl(call);
      if (storage_.write(call).response.status != kConditionFailed) break;
    }
    return true;
  }

  S3Storage& storage_;
  const std::string key_;
  const std::string full_key_;
  const bool keeps_;
  const Foreknown known_;
  const std::uint64_t part_bytes_;
  Meter meter_;
  std::vector<std::byte> buffer_;
  std::unique_ptr<S3PartsUpload> parts_;
  std::string id_;         // of an upload in parts whose digest is not known when it is begun
  bool is_there_ = false;  // and is kept: nothing more is sent
};

std::unique_ptr<Upload> S3Storage::begin(std::string_view key, IfThere if_there,
                                         const Foreknown& known) {
  return std::make_unique<ObjectUpload>(*this, key, if_there, known);
}

void S3Storage::clean_uploads(const std::string& full_key) {
  if (cleaned_uploads_) return;
  cleaned_uploads_ = true;
  const int removed = remove_s3_orphans(client_, full_key.substr(0, full_key.rfind('/') + 1),
                                        client_.now() - options_.orphan_age);
  if (removed > 0) {
    log::detail(fmt::format("Removed {} unfinished uploads of earlier runs", removed));
  }
}

S3Answer S3Storage::write(S3Call& call) {
  for (;;) {
    S3Answer answer = client_.send(call);
    if (answer.ok() || !(refused_acl(answer, call) || refused_condition(answer, call))) {
      return answer;
    }
  }
}

bool S3Storage::refused_acl(const S3Answer& answer, S3Call& call) {
  if (!has_header(call, kAclHeader)) return false;
  const bool refused =
      is_acl_refusal(answer.fault) ||
      (is_unsupported(answer) && lower(answer.fault.message).find("acl") != std::string::npos);
  if (!refused) return false;
  drop_header(call, kAclHeader);
  if (acl_works_) {
    log::warning(
        fmt::format("Bucket '{}' refuses object ACLs: uploading without HALCYON_S3_ACL={}\n"
                    "Who may read is what the bucket's own policy says.",
                    client_.endpoint().bucket, options_.acl));
  }
  acl_works_ = false;
  return true;
}

bool S3Storage::refused_condition(const S3Answer& answer, S3Call& call) {
  if (!has_header(call, kCondition) || !is_unsupported(answer)) return false;
  drop_header(call, kCondition);
  conditions_work_ = false;
  return true;
}

void S3Storage::add_acl(S3Call& call) const {
  // Objects are private anyway, and most buckets refuse the header today.
  if (!acl_works_ || options_.acl.empty() || options_.acl == "private") return;
  call.headers.emplace_back(kAclHeader, options_.acl);
}

}  // namespace halcyon
