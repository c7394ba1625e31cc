#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

/// AWS Signature Version 4 (docs.aws.amazon.com, "Authenticating Requests (AWS Signature V4)").
namespace halcyon {

struct SigningKey {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< may be empty
  std::string region;
  std::string service = "s3";
};

struct SigningInput {
  std::string method;
  std::string host;  ///< with the port when it is not the scheme's default
  std::string path;  ///< not yet encoded, starting with '/'
  std::vector<std::pair<std::string, std::string>> query;    ///< not yet encoded
  std::vector<std::pair<std::string, std::string>> headers;  ///< further headers to sign
  std::string payload_sha256;
};

/// RFC 3986 encoding as Signature V4 wants it; '/' is kept when `keep_slash`.
std::string uri_encode(std::string_view text, bool keep_slash);
/// "a=b&c=d", encoded and sorted.
std::string canonical_query(std::vector<std::pair<std::string, std::string>> query);
/// All headers to send besides Host: x-amz-date, x-amz-content-sha256, the further ones,
/// x-amz-security-token where there is one, and Authorization.
std::vector<std::pair<std::string, std::string>> sign(const SigningKey& key,
                                                      const SigningInput& input,
                                                      std::chrono::system_clock::time_point now);

}  // namespace halcyon
