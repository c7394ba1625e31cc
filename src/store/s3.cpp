#include "store/s3.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "net/signing.h"
#include "store/s3_listing.h"

namespace halcyon {

namespace {

constexpr int kPageSize = 1000;

/// Wants nothing.
class Glance : public Sink {
 public:
  bool write(Bytes) override { return false; }
};

/// Knows the digest of what it passes on, unless its reader had enough before the end.
class CheckedSink : public Sink {
 public:
  explicit CheckedSink(Sink& sink) : sink_(sink), hashing_(sink_) {}
  bool write(Bytes bytes) override {
    whole_ = hashing_.write(bytes);
    return whole_;
  }
  bool is(const std::string& sha256) {
    return !whole_ || sha256.empty() || hashing_.hex() == sha256;
  }

 private:
  Sink& sink_;
  HashingSink hashing_;
  bool whole_ = true;
};

std::string name_of(std::string_view key) {
  return std::string(key.substr(key.rfind('/') + 1));  // all of it where there is no slash
}

}  // namespace

S3Storage::S3Storage(const S3Options& options, HttpClient& http, Now now)
    : options_(options), client_(options, http, std::move(now)), large_(options.ranges) {}

S3Storage::S3Storage(const S3Storage& other, std::unique_ptr<HttpClient> http)
    : own_http_(std::move(http)),
      options_(other.options_),
      client_(other.client_, *own_http_),
      large_(other.large_) {
  // What comes beside something else has a quarter of the memory.
  options_.ranges.bytes /= 2;
  options_.ranges.connections = std::max<std::size_t>(1, options_.ranges.connections / 2);
}

std::unique_ptr<Storage> S3Storage::another() const {
  return std::unique_ptr<Storage>(new S3Storage(*this, std::make_unique<HttpClient>()));
}

std::string S3Storage::describe() const {
  const std::string name = "s3://" + client_.endpoint().bucket + "/" + client_.endpoint().prefix;
  return name.substr(0, name.size() - 1);
}

std::string S3Storage::describe(std::string_view key) const {
  return describe() + "/" + std::string(key);
}

std::string S3Storage::describe_server() const {
  const S3Endpoint& endpoint = client_.endpoint();
  return fmt::format("{}://{}{}{}, region {}", endpoint.scheme, endpoint.host,
                     endpoint.port.empty() ? "" : ":", endpoint.port, endpoint.region);
}

std::string S3Storage::full_key(std::string_view key) const {
  check_key(key);
  return client_.endpoint().prefix + std::string(key);
}

Listing S3Storage::list_pages(std::string_view prefix, Pages pages) {
  const std::string& ours = client_.endpoint().prefix;
  const S3Call call{.action = "list", .key = ours + std::string(prefix)};
  S3Answer answer;
  auto listing = read_listing(call.key, ours.size(), pages, [&](const std::string& token) {
    answer = send_list(call.key, token, kPageSize);
    if (!answer.ok()) throw client_.error(call, answer);
    return answer.response.body;
  });
  if (!listing) throw client_.error(call, answer);
  large_.learn(listing->objects);
  return std::move(*listing);
}

bool S3Storage::get(std::string_view key, Sink& sink, Check check) {
  const std::uint64_t large = large_.size(key);
  Meter meter(name_of(key), large);
  const S3Call call{.action = "read", .key = full_key(key), .meter = &meter};
  CheckedSink checked(sink);
  Sink& target = check == Check::by_storage ? checked : sink;
  const S3Answer answer = large > 0 ? get_large(call, target) : client_.get(call, target);
  if (answer.ok()) {
    if (check == Check::by_caller || checked.is(answer.response.header(kDigestHeader))) return true;
    throw Error("storage::corrupt", describe(key) + " is damaged")
        .why("Its SHA-256 is not the one that it was stored with");
  }
  if (answer.fault.code == "NoSuchKey") return false;
  if (answer.response.status == 403) {
    const Error refused = client_.error(call, answer);
    if (refused.id() == "s3::forbidden" && is_absent(call.key)) return false;
    throw refused;
  }
  throw client_.error(call, answer);
}

S3Answer S3Storage::get_large(const S3Call& call, Sink& sink) {
  S3Answer first;
  // The first range comes over our own connection, whoever asks for the others has one of theirs.
  GetRange get_first = [&](const ByteRange& range, std::function<void(const HttpResponse&)> on_head,
                           Sink& to) {
    S3Call part = call;
    part.range = range;
    part.on_head = std::move(on_head);
    first = client_.get(part, to);
    return first.response;
  };
  const auto connect = [&, is_first = true]() mutable -> GetRange {
    if (std::exchange(is_first, false)) return get_first;
    struct Connection {
      explicit Connection(const S3Client& other) : client(other, http) {}
      HttpClient http;
      S3Client client;
    };
    return [&call, own = std::make_shared<Connection>(client_)](const ByteRange& range, const auto&,
                                                                Sink& to) {
      S3Call part = call;
      part.range = range;
      const S3Answer answer = own->client.get(part, to);
      if (answer.response.status == 404) {
        throw Error("storage::changed", "s3://" + own->client.endpoint().bucket + "/" + call.key +
                                            " was removed while it was read");
      }
      if (!answer.ok()) throw own->client.error(call, answer);
      return answer.response;
    };
  };
  get_in_ranges(connect, sink, options_.ranges);
  return first;
}

bool S3Storage::is_absent(const std::string& full_key) {
  // Who may not list is told 403 for every key that is not there (AWS, GetObject, "Permissions").
  const S3Answer answer = send_list(full_key, {}, 1);
  const std::optional<S3Page> page =
      answer.ok() ? parse_s3_page(answer.response.body) : std::nullopt;
  // The key itself is the first of all keys that begin with it.
  return page && (page->objects.empty() || page->objects.front().key != full_key);
}

std::optional<std::string> S3Storage::digest(std::string_view key) {
  const S3Answer answer = head(key);
  const std::string& digest = answer.response.header(kDigestHeader);
  if (!answer.ok() || digest.empty()) return {};
  return digest;
}

void S3Storage::remove(std::string_view key) {
  const S3Call call{.action = "remove", .method = "DELETE", .key = full_key(key)};
  const S3Answer answer = client_.send(call);
  if (!answer.ok() && answer.fault.code != "NoSuchKey") throw client_.error(call, answer);
}

S3Answer S3Storage::head(std::string_view key) {
  return client_.send({.action = "read", .method = "HEAD", .key = full_key(key)});
}

bool S3Storage::has(std::string_view key) {
  if (head(key).ok()) return true;
  // Such an answer has no body to say why; that of a GET has.
  Glance none;
  return get(key, none);
}

void S3Storage::copy(std::string_view key, S3Storage& from, std::string_view from_key) {
  if (!from.has(from_key)) {
    throw Error("s3::no-such-object", from.describe(from_key) + " does not exist");
  }
  const std::string source = "/" + from.client_.endpoint().bucket + "/" + from.full_key(from_key);
  S3Call call{.action = "write",
              .method = "PUT",
              .key = full_key(key),
              .headers = {{"x-amz-copy-source", uri_encode(source, true)}},
              .expects = "CopyObjectResult",
              .is_slow = true};
  add_acl(call);
  const S3Answer answer = write(call);
  if (!answer.ok()) throw client_.error(call, answer);
}

void S3Storage::create() {
  const S3Endpoint& endpoint = client_.endpoint();
  S3Call call{.action = "create", .method = "PUT"};
  add_acl(call);
  if (endpoint.is_aws() && endpoint.region != "us-east-1") {
    call.body = "<CreateBucketConfiguration><LocationConstraint>" + endpoint.region +
                "</LocationConstraint></CreateBucketConfiguration>";
  }
  const S3Answer answer = client_.send(call);
  if (!answer.ok() && answer.fault.code != "BucketAlreadyOwnedByYou") {
    throw client_.error(call, answer);
  }
}

S3Answer S3Storage::send_list(const std::string& full_prefix, const std::string& token, int most) {
  return client_.send({.action = "list",
                       .query = listing_query(full_prefix, token, most),
                       .expects = "ListBucketResult"});
}

}  // namespace halcyon
