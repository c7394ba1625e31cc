#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "net/http.h"

namespace halcyon {

/// One request and its answer: the state that libcurl's callbacks share. An exception must not
/// cross libcurl, so it is kept and raised after.
class Transfer {
 public:
  Transfer(const HttpRequest& request, Sink* sink);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Sets what concerns bodies and headers on a handle, which must not outlive the transfer.
  void attach(CURL* easy);
  bool sends_body() const { return sends_body_; }
  /// Whether asking before sending pays: a refused body is not sent then.
  bool asks_first() const;
  /// Raises what happened in a callback, if anything did.
  void raise() const;
  /// The transfer ended early because we have all we want.
  bool satisfied() const { return satisfied_; }
  /// The answer so far.
  const HttpResponse& response() const { return response_; }
  /// The whole answer; call once, at the end.
  HttpResponse take();

 private:
  template <typename Action>
  static std::size_t guarded(void* self, std::size_t on_failure, Action action);
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_upload(char* data, std::size_t, std::size_t size, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  static int on_seek(void* self, curl_off_t offset, int origin);

  void header_line(std::string_view line);
  bool body_bytes(std::string_view bytes);
  void keep(std::string_view bytes);
  std::size_t next_upload(std::span<char> buffer);
  /// Starts the upload over.
  void rewind();

  Sink* sink_;
  std::function<void(const HttpResponse&)> on_head_;
  Meter* meter_;
  std::string body_;
  Bytes upload_;  // all of body_, or of what the request names
  std::uint64_t sent_ = 0;
  bool sends_body_ = false;
  HttpResponse response_;
  StringSink kept_;
  std::uint64_t error_bytes_ = 0;
  bool satisfied_ = false;
  std::exception_ptr failure_;
};

}  // namespace halcyon
