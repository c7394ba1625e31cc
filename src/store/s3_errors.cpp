#include "store/s3_errors.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace halcyon {

namespace {

constexpr std::string_view kRights =
    "The key needs the rights s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and "
    "s3:DeleteObject on its objects";

template <std::size_t N>
bool is_one_of(std::string_view code, const std::array<std::string_view, N>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

constexpr std::array<std::string_view, 8> kKeyCodes = {
    "InvalidAccessKeyId",   "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
    "TokenRefreshRequired", "InvalidSecurity",       "NotSignedUp",  "InvalidAccessKey"};
constexpr std::array<std::string_view, 3> kRegionCodes = {"AuthorizationHeaderMalformed",
                                                          "PermanentRedirect", "TemporaryRedirect"};
constexpr std::array<std::string_view, 2> kAclCodes = {"AccessControlListNotSupported",
                                                       "InvalidBucketAclWithObjectOwnership"};

}  // namespace

bool is_acl_refusal(const S3Fault& fault) { return is_one_of(fault.code, kAclCodes); }

namespace {

Error key_error(const S3Attempt& attempt, const S3Fault& fault) {
  if (fault.code == "ExpiredToken" || fault.code == "InvalidToken") {
    Error error("s3::wrong-key", "The session token for " + attempt.target + " is not valid");
    error.fix("Get new temporary credentials, or use permanent ones");
    return error;
  }
  const bool unknown = fault.code.starts_with("InvalidAccessKey");
  Error error("s3::wrong-key",
              fmt::format("{} does not accept the {} key for {}", attempt.endpoint->host,
                          unknown ? "access" : "secret", attempt.target));
  error.fix(unknown ? "heroku config:set HALCYON_AWS_ACCESS_KEY_ID=..."
                    : "heroku config:set HALCYON_AWS_SECRET_ACCESS_KEY=...");
  return error;
}

Error skew_error(const S3Attempt& attempt, const HttpResponse& response, const S3Fault& fault) {
  const std::string& theirs =
      fault.server_time.empty() ? response.header("date") : fault.server_time;
  Error error("s3::clock-skew", "The clock of this machine is wrong");
  error
      .why(fmt::format("{} says it is {}\nThis machine says {:%a, %d %b %Y %H:%M:%S} GMT",
                       attempt.endpoint->host, theirs.empty() ? "another time" : theirs,
                       fmt::gmtime(std::chrono::system_clock::to_time_t(attempt.time))))
      .fix("Set the clock right; S3 allows a difference of 15 minutes");
  return error;
}

Error region_error(const S3Attempt& attempt, const HttpResponse& response, const S3Fault& fault) {
  Error error("s3::wrong-region",
              fmt::format("Bucket '{}' is not served by {} in region {}", attempt.endpoint->bucket,
                          attempt.endpoint->host, attempt.endpoint->region));
  const std::string& place = fault.endpoint.empty() ? response.header("location") : fault.endpoint;
  error.fix(place.empty() ? "Set HALCYON_S3_ENDPOINT to the endpoint of the bucket's region"
                          : "The server points to " + place +
                                "; set HALCYON_S3_ENDPOINT to the endpoint of the bucket's region");
  return error;
}

Error forbidden_error(const S3Attempt& attempt) {
  Error error("s3::forbidden", fmt::format("{} does not let this key {} {}", attempt.endpoint->host,
                                           attempt.action, attempt.target));
  std::string fix(kRights);
  if (attempt.with_acl) {
    fix +=
        "\nFor HALCYON_S3_ACL=public-read also s3:PutObjectAcl, in a bucket that does not block "
        "public access; if nobody else shall read: heroku config:unset HALCYON_S3_ACL";
  }
  error.fix(fix);
  return error;
}

Error classify(const S3Attempt& attempt, const HttpResponse& response, const S3Fault& fault) {
  const std::string& bucket = attempt.endpoint->bucket;
  if (fault.code == "NoSuchBucket") {
    Error error("s3::no-such-bucket",
                fmt::format("Bucket '{}' does not exist at {}", bucket, attempt.endpoint->host));
    error.fix("Create it, or: heroku config:set HALCYON_S3_BUCKET=<an existing bucket>");
    return error;
  }
  if (fault.code == "BucketAlreadyExists") {
    Error error("s3::bucket-taken", fmt::format("Bucket '{}' belongs to somebody else", bucket));
    error.fix("Bucket names are shared by everybody at " + attempt.endpoint->host +
              ": choose another one");
    return error;
  }
  if (is_one_of(fault.code, kKeyCodes)) return key_error(attempt, fault);
  if (fault.code == "RequestTimeTooSkewed") return skew_error(attempt, response, fault);
  if (is_acl_refusal(fault)) {
    Error error("s3::acl", fmt::format("Bucket '{}' refuses object ACLs", bucket));
    error.fix(
        "heroku config:unset HALCYON_S3_ACL\n"
        "To share files, give the bucket a policy that lets everyone read");
    return error;
  }
  if (is_one_of(fault.code, kRegionCodes) || (response.status >= 300 && response.status < 400)) {
    return region_error(attempt, response, fault);
  }
  if (response.status == 403 || fault.code == "AccessDenied") return forbidden_error(attempt);
  Error error("s3::failed", fmt::format("Failed to {} {}", attempt.action, attempt.target));
  if (fault.code.empty()) {
    error.fix(fmt::format("Check that {} is an S3 service (HALCYON_S3_ENDPOINT)",
                          attempt.endpoint->host_header()));
  }
  return error;
}

}  // namespace

Error s3_error(const S3Attempt& attempt, const HttpResponse& response, const S3Fault& fault) {
  Error error = classify(attempt, response, fault);
  if (fault.code.empty()) {
    error.why(fmt::format("Tried to {} {}: the answer has status {} and is not one of S3",
                          attempt.action, attempt.target, response.status));
  } else {
    error.why(fmt::format("Tried to {} {}: status {} {}{}{}", attempt.action, attempt.target,
                          response.status, fault.code, fault.message.empty() ? "" : ": ",
                          fault.message));
  }
  return error;
}

Error s3_unreachable(const S3Attempt& attempt, const Error& cause) {
  Error error("s3::unreachable", fmt::format("Failed to {} {}", attempt.action, attempt.target));
  error.why(cause.what()).why(cause.why());
  error.fix(cause.fix().empty() ? "Check HALCYON_S3_ENDPOINT and the network" : cause.fix());
  return error;
}

}  // namespace halcyon
