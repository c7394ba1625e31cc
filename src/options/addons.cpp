#include "options/addons.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace halcyon {
namespace {

constexpr const char* key_variable = "BUCKETEER_AWS_ACCESS_KEY_ID";
constexpr const char* secret_variable = "BUCKETEER_AWS_SECRET_ACCESS_KEY";
constexpr const char* region_variable = "BUCKETEER_AWS_REGION";
constexpr const char* bucket_variable = "BUCKETEER_BUCKET_NAME";

template <typename Map>
std::string value(const Map& map, const char* name) {
  const auto found = map.find(name);
  return found == map.end() ? "" : std::string(trim(found->second));
}

}  // namespace

bool is_addon_variable(std::string_view name) {
  return name == key_variable || name == secret_variable || name == region_variable ||
         name == bucket_variable;
}

std::map<std::string, std::string> addon_storage(const std::map<std::string, std::string>& chosen,
                                                 const Environment& environment) {
  const std::string key = value(environment, key_variable);
  const std::string secret = value(environment, secret_variable);
  const std::string bucket = value(environment, bucket_variable);
  if (key.empty() || secret.empty() || bucket.empty()) return {};
  for (const char* other :
       {"aws-access-key-id", "aws-secret-access-key", "aws-session-token", "storage-dir"}) {
    if (!value(chosen, other).empty()) return {};
  }
  const std::string wanted = value(chosen, "s3-bucket");
  if (!wanted.empty() && wanted != bucket && !wanted.starts_with(bucket + "/")) return {};
  const std::string endpoint = value(chosen, "s3-endpoint");
  if (!endpoint.empty() && !endpoint.ends_with(".amazonaws.com")) return {};

  std::map<std::string, std::string> found{
      {"aws-access-key-id", key}, {"aws-secret-access-key", secret}, {"s3-bucket", bucket}};
  const std::string region = value(environment, region_variable);
  if (!region.empty()) found["s3-endpoint"] = "s3." + region + ".amazonaws.com";
  return found;
}

}  // namespace halcyon
