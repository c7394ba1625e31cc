#include "net/signing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/text.h"

namespace halcyon {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// "20130524T000000Z".
std::string iso_time(std::chrono::system_clock::time_point now) {
  const std::string stamp = format_timestamp(now);
  return stamp.substr(0, 8) + "T" + stamp.substr(8) + "Z";
}

/// Header values are signed trimmed, with runs of spaces made one.
std::string canonical_value(std::string_view value) {
  std::string result;
  for (const char c : trim(value)) {
    if (c != ' ' || result.empty() || result.back() != ' ') result += c;
  }
  return result;
}

}  // namespace

std::string uri_encode(std::string_view text, bool keep_slash) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += '%';
    result += kDigits[byte >> 4U];
    result += kDigits[byte & 15U];
  }
  return result;
}

std::string canonical_query(Pairs query) {
  for (auto& [name, value] : query) {
    name = uri_encode(name, false);
    value = uri_encode(value, false);
  }
  std::sort(query.begin(), query.end());
  std::string result;
  for (const auto& [name, value] : query) {
    if (!result.empty()) result += '&';
    result += fmt::format("{}={}", name, value);
  }
  return result;
}

Pairs sign(const SigningKey& key, const SigningInput& input,
           std::chrono::system_clock::time_point now) {
  const std::string time = iso_time(now);
  const std::string day = time.substr(0, 8);

  Pairs result = input.headers;
  result.emplace_back("x-amz-date", time);
  result.emplace_back("x-amz-content-sha256", input.payload_sha256);
  if (!key.session_token.empty()) result.emplace_back("x-amz-security-token", key.session_token);

  std::map<std::string, std::string> to_sign = {{"host", input.host}};
  for (const auto& [name, value] : result) to_sign[lower(name)] = canonical_value(value);
  std::string canonical_headers;
  std::string signed_names;
  for (const auto& [name, value] : to_sign) {
    canonical_headers += fmt::format("{}:{}\n", name, value);
    if (!signed_names.empty()) signed_names += ';';
    signed_names += name;
  }

  const std::string request = input.method + "\n" + uri_encode(input.path, true) + "\n" +
                              canonical_query(input.query) + "\n" + canonical_headers + "\n" +
                              signed_names + "\n" + input.payload_sha256;
  const std::string scope = day + "/" + key.region + "/" + key.service + "/aws4_request";
  const std::string text = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + sha256(request);

  std::string signing_key = hmac_sha256("AWS4" + key.secret_key, day);
  signing_key = hmac_sha256(signing_key, key.region);
  signing_key = hmac_sha256(signing_key, key.service);
  signing_key = hmac_sha256(signing_key, "aws4_request");

  result.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + key.access_key + "/" +
                                           scope + ",SignedHeaders=" + signed_names +
                                           ",Signature=" + to_hex(hmac_sha256(signing_key, text)));
  return result;
}

}  // namespace halcyon
