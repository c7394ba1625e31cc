#include "net/http.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "net/transfer.h"
#include "net/url.h"

namespace halcyon {

namespace {

constexpr int kMostRedirects = 5;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// Where systems keep their certificates; empty when nowhere.
std::string find_ca_bundle() {
  // A path given by the user is taken even if it is wrong: the TLS error then names it.
  if (const char* given = std::getenv("SSL_CERT_FILE"); given != nullptr && *given != '\0') {
    return given;
  }
  static constexpr std::array kPlaces = {
      "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Alpine
      "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora
      "/etc/ssl/cert.pem",                   // Alpine without the package, BSDs
      "/etc/ssl/ca-bundle.pem",              // openSUSE
  };
  for (const char* place : kPlaces) {
    std::error_code ignored;
    if (std::filesystem::exists(place, ignored)) return place;
  }
  return {};
}

/// Keeps SIGPIPE away while it lives: OpenSSL writes to sockets that may be closed, and libcurl
/// leaves the signal alone when told to use none.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec at_once{};
    while (sigtimedwait(&pipe_, nullptr, &at_once) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

/// What no further attempt mends.
bool is_untrusted(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return true;
    default:
      return false;
  }
}

bool is_tls_failure(CURLcode code) { return code == CURLE_SSL_CONNECT_ERROR || is_untrusted(code); }

using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

/// libcurl's header list; refuses what would smuggle in further headers.
HeaderList header_list(const HttpHeaders& headers) {
  HeaderList list;
  for (const auto& [name, value] : headers) {
    const std::string line = fmt::format("{}{}{}", name, value.empty() ? ";" : ": ", value);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      throw Error("http::bad-header", "The value of header '" + name + "' has a line break in it")
          .fix("Check the configured keys and names for stray line breaks");
    }
    append(list, line);
  }
  return list;
}

/// Whether a header may go to another host than the one that it was meant for.
bool is_for_all(const HttpHeaders::value_type& header) {
  return header.first == "range" || header.first == "if-match";
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

const std::string& HttpResponse::header(const std::string& lower_name) const {
  static const std::string kNone;
  const auto found = headers.find(lower_name);
  return found == headers.end() ? kNone : found->second;
}

struct HttpClient::Impl {
  std::unique_ptr<CURL, FreeEasy> easy{curl_easy_init()};
  std::string ca_bundle = find_ca_bundle();
  std::uint64_t requests = 0;

  HttpResponse once(const HttpRequest& request, Sink* sink);
  void prepare(const HttpRequest& request, const Transfer& transfer) const;
  Error failure(const HttpRequest& request, const Transfer& transfer, CURLcode code,
                const char* message) const;
};

void HttpClient::Impl::prepare(const HttpRequest& request, const Transfer& transfer) const {
  CURL* const c = easy.get();
  curl_easy_reset(c);  // keeps connections
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "halcyon");
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, request.connect_seconds);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, request.least_rate);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, request.stall_seconds);
  curl_easy_setopt(c, CURLOPT_TIMEOUT, request.total_seconds);
  curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L << 10U);
  curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10U);
  // Without a bundle verification stays on, and fails.
  curl_easy_setopt(c, CURLOPT_CAINFO, ca_bundle.empty() ? nullptr : ca_bundle.c_str());
  curl_easy_setopt(c, CURLOPT_CAPATH, nullptr);
  if (request.method == "HEAD") {
    curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || transfer.sends_body()) {
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

Error HttpClient::Impl::failure(const HttpRequest& request, const Transfer& transfer, CURLcode code,
                                const char* message) const {
  std::string cause = *message != '\0' ? message : curl_easy_strerror(code);
  if (transfer.response().status >= 200) {
    return Error("http::truncated", "The answer of " + request.url + " ended early").why(cause);
  }
  if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT) {
    return Error("http::bad-url", "'" + request.url + "' is not a usable URL").why(cause);
  }
  Error error(is_untrusted(code) ? "http::untrusted" : "http::unreachable",
              "Failed to reach " + request.url);
  error.why(cause);
  if (is_tls_failure(code)) {
    if (ca_bundle.empty()) {
      error.why("No bundle of CA certificates was found on this machine")
          .fix("Install ca-certificates, or set SSL_CERT_FILE");
    } else {
      error.why("CA certificates are looked up in " + ca_bundle);
    }
  }
  return error;
}

HttpResponse HttpClient::Impl::once(const HttpRequest& request, Sink* sink) {
  Transfer transfer(request, sink);
  prepare(request, transfer);
  transfer.attach(easy.get());
  HeaderList headers = header_list(request.headers);
  if (!transfer.asks_first()) append(headers, "Expect:");
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  std::array<char, CURL_ERROR_SIZE> message{};
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, message.data());

  ++requests;
  const NoSigpipe guard;
  const CURLcode code = curl_easy_perform(easy.get());
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, nullptr);

  transfer.raise();
  // A server that refuses an upload may close the connection on it; its answer is what matters.
  const bool answered = transfer.sends_body() && transfer.response().status >= 300;
  if (code != CURLE_OK && !transfer.satisfied() && !answered) {
    throw failure(request, transfer, code, message.data());
  }
  return transfer.take();
}

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {
  if (!impl_->easy) throw Error("http::unreachable", "Failed to set up libcurl");
}

HttpClient::~HttpClient() = default;

std::uint64_t HttpClient::requests() const { return impl_->requests; }

HttpResponse HttpClient::perform(const HttpRequest& request, Sink* sink) {
  HttpRequest current = request;
  for (int hops = 0;; ++hops) {
    HttpResponse response = impl_->once(current, sink);
    const std::string& location = response.header("location");
    const bool follow = request.follow_redirects && is_redirect(response.status) &&
                        !location.empty() && (request.method == "GET" || request.method == "HEAD");
    if (!follow) return response;
    if (hops == kMostRedirects) {
      throw Error("http::redirect", request.url + " redirects too often")
          .why(fmt::format("The last of {} redirects leads to {}", hops, location));
    }
    // Not left to libcurl, which sends custom headers (Authorization) along to other hosts.
    const std::string next = resolve_url(current.url, location);
    const UrlOrigin from = url_origin(current.url);
    const UrlOrigin to = url_origin(next);
    if (to.scheme != "https" && to.scheme != from.scheme) {
      throw Error("http::redirect", current.url + " redirects to an insecure place: " + next);
    }
    if (to != from) std::erase_if(current.headers, [](const auto& h) { return !is_for_all(h); });
    current.url = next;
  }
}

void init_net() {
  // A configuration on the host may name modules that a static program cannot load.
  const bool ready = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1 &&
                     OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1 &&
                     curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (!ready) throw Error("http::unreachable", "Failed to set up OpenSSL and libcurl");
}

}  // namespace halcyon
