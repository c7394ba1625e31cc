#include "net/download.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "net/resume.h"
#include "net/url.h"

namespace halcyon {

namespace {

void copy_all(Source& source, Sink& sink) {
  std::vector<std::byte> buffer(256U << 10U);
  while (const std::size_t count = source.read(buffer)) {
    if (!sink.write(std::span(buffer).first(count))) return;
  }
}

void fetch(HttpClient& http, const std::string& url, Sink& sink, const RetryPolicy& policy) {
  Retry retry(policy);
  Meter meter(url.substr(url.rfind('/') + 1));
  const auto ask = [&](const HttpHeaders& more, std::function<void(const HttpResponse&)> on_head,
                       Sink& to) {
    HttpRequest request;
    request.url = url;
    request.headers = more;
    request.follow_redirects = true;
    request.on_head = std::move(on_head);
    request.meter = &meter;
    return http.perform(request, &to);
  };
  const HttpResponse response = get_resumed(retry, ask, sink);
  if (response.status == 200) return;
  throw Error("http::status", "Failed to download " + url)
      .why(fmt::format("The server answered with status {}", response.status));
}

}  // namespace

std::string download(HttpClient& http, const std::string& url, const std::filesystem::path& file,
                     const std::string& expected_sha256, const RetryPolicy& policy) {
  FileSink kept(file);
  HashingSink hashing(kept);
  if (lower(url.substr(0, 5)) == "file:") {
    FileSource source(file_url_path(url));
    copy_all(source, hashing);
  } else {
    fetch(http, url, hashing, policy);
  }
  const std::uint64_t bytes = hashing.bytes();
  std::string found = hashing.hex();
  if (!expected_sha256.empty() && found != lower(expected_sha256)) {
    throw Error("http::wrong-checksum", url + " is not the file that was expected")
        .why(fmt::format("SHA-256 is {}\nexpected    {}\n({} bytes)", found, expected_sha256,
                         bytes));
  }
  kept.commit();
  return found;
}

}  // namespace halcyon
