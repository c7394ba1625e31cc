#include "store/leaving_archive.h"

#include "base/error.h"

namespace halcyon {

LeavingArchive::LeavingArchive(const std::filesystem::path& file,
                               const std::function<std::unique_ptr<Upload>()>& begin)
    : file_(file) {
  if (begin) attempt([&] { upload_ = begin(); });
}

/// Keeps an Error of the upload, which is given up then: what it holds may be wanted elsewhere.
template <typename Action>
void LeavingArchive::attempt(Action action) {
  try {
    action();
  } catch (const Error&) {
    failure_ = std::current_exception();
    upload_.reset();
  }
}

bool LeavingArchive::write(Bytes bytes) {
  digest_.update(bytes);
  bytes_ += bytes.size();
  file_.write(bytes);
  if (upload_ != nullptr) attempt([&] { upload_->write(bytes); });
  return true;
}

void LeavingArchive::keep() {
  file_.commit();
  sha256_ = digest_.hex();
}

bool LeavingArchive::commit_upload() {
  if (failure_) std::rethrow_exception(failure_);
  return upload_->commit(sha256_);
}

}  // namespace halcyon
