#pragma once

#include <chrono>
#include <string>

#include "base/error.h"
#include "net/http.h"
#include "store/s3_endpoint.h"
#include "store/s3_xml.h"

namespace halcyon {

/// Says who may read an object.
inline constexpr const char* kAclHeader = "x-amz-acl";

/// What was asked of an S3 server, for its errors.
struct S3Attempt {
  std::string action;  ///< "list", "read", "write", "remove", "create"
  std::string target;  ///< "s3://bucket/key"
  const S3Endpoint* endpoint = nullptr;
  bool with_acl = false;                       ///< an ACL header was sent
  std::chrono::system_clock::time_point time;  ///< what was signed
};

/// Whether a bucket says that it has no ACLs.
bool is_acl_refusal(const S3Fault& fault);
/// The Error for an answer that is not the wanted one (ids: see S3Storage).
Error s3_error(const S3Attempt& attempt, const HttpResponse& response, const S3Fault& fault);
/// The Error for a server that gave no answer.
Error s3_unreachable(const S3Attempt& attempt, const Error& cause);

}  // namespace halcyon
