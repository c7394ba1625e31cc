#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Which host answers for a bucket, and how to address it.
namespace halcyon {

/// HALCYON_S3_ENDPOINT and HALCYON_S3_BUCKET, taken apart.
struct S3Endpoint {
  std::string scheme;  ///< "https" unless the endpoint says "http://"
  std::string host;    ///< lower case, without a port
  std::string port;    ///< empty when it is the scheme's default
  std::string bucket;
  std::string prefix;  ///< of all keys, ending in '/'; empty when the whole bucket is ours
  std::string region;  ///< guessed from the host; "us-east-1" when it tells nothing
  enum class Addressing { automatic, host, path };
  Addressing addressing = Addressing::automatic;

  bool is_aws() const;
  /// The bucket stands in the path, not in the host name. Where nothing else was said: everywhere
  /// but at AWS and Tigris, and for buckets whose names a wildcard certificate does not cover.
  bool path_style() const;
  /// The value of the Host header.
  std::string host_header() const;
  /// The path of a key (without our prefix) as it is signed: not encoded.
  std::string path(std::string_view full_key) const;
  /// Uses another region; at AWS that is another host as well.
  void move_to(const std::string& new_region);
};

/// Errors: "s3::bad-endpoint" and "s3::bad-bucket" for text of no such form.
S3Endpoint parse_s3_endpoint(std::string_view endpoint, std::string_view bucket);
/// The region in the host name of a well-known service; nothing when there is none.
std::optional<std::string> region_of_host(std::string_view host);
/// Whether the text may be a region's name: short, only lower-case letters, digits and hyphens.
/// Answers of servers are checked by it.
bool is_region(std::string_view text);

}  // namespace halcyon
