#include "store/s3_endpoint.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "store/storage.h"

namespace halcyon {

namespace {

constexpr std::string_view kAws = ".amazonaws.com";
constexpr std::string_view kAwsChina = ".amazonaws.com.cn";

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool is_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {  // an IPv6 address
    return host.find_first_not_of("0123456789abcdef:.", 1) == host.size() - 1;
  }
  return !host.empty() && host.front() != '.' &&
         std::all_of(host.begin(), host.end(), is_host_char);
}

Error bad_endpoint(std::string_view endpoint) {
  Error error("s3::bad-endpoint",
              "'" + std::string(endpoint) + "' is not an endpoint of an S3 service");
  error.fix(
      "Set HALCYON_S3_ENDPOINT to a host name (s3.eu-central-1.amazonaws.com), or to "
      "http://host:port");
  return error;
}

/// Bucket names are checked loosely: old ones may have capitals and underscores.
bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 255 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_word_char(c) || c == '-' || c == '.'; });
}

bool is_tigris(std::string_view host) {
  return host == "t3.storage.dev" || host == "fly.storage.tigris.dev";
}

}  // namespace

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

std::optional<std::string> region_of_host(std::string_view host) {
  if (host.ends_with(".r2.cloudflarestorage.com") || is_tigris(host)) return "auto";
  const std::vector<std::string> labels = split(host, '.');
  if (labels.size() < 3) return std::nullopt;
  std::string found;
  if (host.ends_with(".digitaloceanspaces.com")) {
    found = labels[labels.size() - 3];
  } else if (labels[0].starts_with("s3-") && host.find(kAws) != std::string_view::npos) {
    found = labels[0].substr(3);  // s3-eu-west-1.amazonaws.com, the old form
    if (found.starts_with("external")) found = "us-east-1";
  } else if (labels[0] == "s3") {
    found =
        labels[labels[1] == "dualstack" ? 2 : 1];  // AWS, Backblaze, Wasabi, Scaleway and others
    if (found.find('-') == std::string::npos) return std::nullopt;
  }
  if (!is_region(found)) return std::nullopt;
  return found;
}

bool S3Endpoint::is_aws() const { return host.ends_with(kAws) || host.ends_with(kAwsChina); }

bool S3Endpoint::path_style() const {
  if (addressing != Addressing::automatic) return addressing == Addressing::path;
  return !(is_aws() || is_tigris(host)) || bucket.size() > 63 ||
         !std::all_of(bucket.begin(), bucket.end(),
                      [](char c) { return is_host_char(c) && c != '.'; });
}

std::string S3Endpoint::host_header() const {
  return (path_style() ? "" : bucket + ".") + host + (port.empty() ? "" : ":" + port);
}

std::string S3Endpoint::path(std::string_view full_key) const {
  return (path_style() ? "/" + bucket + "/" : "/") + std::string(full_key);
}

void S3Endpoint::move_to(const std::string& new_region) {
  region = new_region;
  if (!is_aws()) return;
  host = "s3." + region + std::string(host.ends_with(kAwsChina) ? kAwsChina : kAws);
}

S3Endpoint parse_s3_endpoint(std::string_view endpoint, std::string_view bucket) {
  S3Endpoint result;
  std::string rest = lower(trim(endpoint));
  result.scheme = "https";
  if (const std::size_t mark = rest.find("://"); mark != std::string::npos) {
    result.scheme = rest.substr(0, mark);
    rest.erase(0, mark + 3);
  }
  if (result.scheme != "http" && result.scheme != "https") throw bad_endpoint(endpoint);
  if (rest.ends_with('/')) rest.pop_back();
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string::npos && !rest.ends_with(']')) {
    result.port = rest.substr(colon + 1);
    rest.resize(colon);
    const std::optional<std::uint64_t> number = parse_number(result.port);
    if (!number || *number == 0 || *number > 65535) throw bad_endpoint(endpoint);
    // As HTTP clients do, or signatures would not match.
    if (*number == (result.scheme == "http" ? 80U : 443U)) result.port.clear();
  }
  if (!is_host(rest)) throw bad_endpoint(endpoint);
  result.host = rest;
  result.region = region_of_host(rest).value_or("us-east-1");

  std::string_view name = trim(bucket);
  while (name.ends_with('/')) name.remove_suffix(1);
  const std::size_t slash = name.find('/');
  result.bucket = name.substr(0, slash);
  if (slash != std::string_view::npos) result.prefix = std::string(name.substr(slash + 1)) + "/";
  const bool good_prefix =
      result.prefix.empty() ||
      is_key(std::string_view(result.prefix).substr(0, result.prefix.size() - 1));
  if (!is_bucket(result.bucket) || !good_prefix) {
    throw Error("s3::bad-bucket", "'" + std::string(bucket) + "' is not the name of a bucket")
        .fix("Set HALCYON_S3_BUCKET to `name`, or to `name/sub/path`");
  }
  return result;
}

}  // namespace halcyon
