#include "net/transfer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"

namespace halcyon {

namespace {

constexpr std::uint64_t kMostBody = 64U << 20U;
/// Of a failing status' body: so much is kept, and so much is read to keep the connection.
constexpr std::uint64_t kKeptErrorBody = 64U << 10U;
constexpr std::uint64_t kMostErrorBody = 1U << 20U;
constexpr std::uint64_t kSmallUpload = 1U << 20U;

bool is_success(long status) { return status >= 200 && status < 300; }

}  // namespace

Transfer::Transfer(const HttpRequest& request, Sink* sink)
    : sink_(sink),
      on_head_(request.on_head),
      meter_(request.meter),
      body_(request.upload ? "" : request.body),
      upload_(request.upload ? *request.upload : std::as_bytes(std::span(body_))),
      sends_body_(!upload_.empty() || request.method == "PUT" || request.method == "POST"),
      kept_(kMostBody) {}

void Transfer::attach(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  if (!sends_body_) return;
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(upload_.size()));
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::on_upload);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
}

bool Transfer::asks_first() const { return upload_.size() > kSmallUpload; }

void Transfer::raise() const {
  if (failure_) std::rethrow_exception(failure_);
}

HttpResponse Transfer::take() {
  response_.body = std::move(kept_.text);
  return std::move(response_);
}

template <typename Action>
std::size_t Transfer::guarded(void* self, std::size_t on_failure, Action action) {
  auto* transfer = static_cast<Transfer*>(self);
  try {
    return action(*transfer);
  } catch (...) {
    transfer->failure_ = std::current_exception();
    return on_failure;
  }
}

// For libcurl, any other result than `size` ends the transfer.

std::size_t Transfer::on_header(char* data, std::size_t, std::size_t size, void* self) {
  return guarded(self, size + 1, [&](Transfer& transfer) {
    transfer.header_line({data, size});
    return size;
  });
}

std::size_t Transfer::on_body(char* data, std::size_t, std::size_t size, void* self) {
  return guarded(self, size + 1, [&](Transfer& transfer) {
    return transfer.body_bytes({data, size}) ? size : size + 1;
  });
}

std::size_t Transfer::on_upload(char* data, std::size_t, std::size_t size, void* self) {
  return guarded(self, CURL_READFUNC_ABORT, [&](Transfer& transfer) {
    return transfer.next_upload({data, size});
  });
}

// Called at least once a second, whether or not bytes move.
int Transfer::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<int>(guarded(self, 1, [](Transfer&) {
    interrupt::check();
    return std::size_t{0};
  }));
}

int Transfer::on_seek(void* self, curl_off_t offset, int) {
  // libcurl asks for the start only: a kept connection turned out to be closed.
  if (offset != 0) return CURL_SEEKFUNC_FAIL;
  return static_cast<int>(guarded(self, CURL_SEEKFUNC_FAIL, [](Transfer& transfer) {
    transfer.rewind();
    return static_cast<std::size_t>(CURL_SEEKFUNC_OK);
  }));
}

void Transfer::header_line(std::string_view line) {
  line = trim(line);
  if (line.starts_with("HTTP/")) {  // a new answer begins: 100 Continue comes before the real one
    const std::vector<std::string> parts = words(line);
    response_ = {};
    if (parts.size() > 1) {
      response_.status = static_cast<long>(parse_number(parts[1].substr(0, 3)).value_or(0));
    }
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  response_.headers[lower(trim(line.substr(0, colon)))] = std::string(trim(line.substr(colon + 1)));
}

bool Transfer::body_bytes(std::string_view bytes) {
  if (is_success(response_.status) && on_head_) std::exchange(on_head_, nullptr)(response_);
  if (!is_success(response_.status)) {
    error_bytes_ += bytes.size();
    const std::uint64_t room = kKeptErrorBody - std::min(kKeptErrorBody, kept_.text.size());
    keep(bytes.substr(0, room));
    satisfied_ = error_bytes_ > kMostErrorBody;
  } else if (sink_ != nullptr) {
    if (meter_ != nullptr) {
      meter_->expect(parse_number(response_.header("content-length")).value_or(0));
      meter_->add(static_cast<std::int64_t>(bytes.size()));
    }
    satisfied_ = !sink_->write(std::as_bytes(std::span(bytes)));
  } else {
    keep(bytes);
  }
  return !satisfied_;
}

void Transfer::keep(std::string_view bytes) { kept_.write(std::as_bytes(std::span(bytes))); }

std::size_t Transfer::next_upload(std::span<char> buffer) {
  const Bytes next = upload_.subspan(sent_, std::min(buffer.size(), upload_.size() - sent_));
  const std::size_t count = next.size();
  std::copy(next.begin(), next.end(), std::as_writable_bytes(buffer).begin());
  sent_ += count;
  if (meter_ != nullptr) meter_->add(static_cast<std::int64_t>(count));
  return count;
}

void Transfer::rewind() {
  if (meter_ != nullptr) meter_->add(-static_cast<std::int64_t>(sent_));
  sent_ = 0;
}

}  // namespace halcyon
