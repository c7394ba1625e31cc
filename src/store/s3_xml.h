#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/storage.h"

/// The XML documents of the S3 API ("Error Responses", "ListObjectsV2" and those of
/// multipart uploads). Nothing in them is
/// trusted.
namespace halcyon {

/// An error document; everything is empty when the text is no such document.
struct S3Fault {
  std::string code;         ///< "NoSuchKey"
  std::string message;      ///< shortened, control characters removed
  std::string region;       ///< AuthorizationHeaderMalformed
  std::string endpoint;     ///< PermanentRedirect, TemporaryRedirect
  std::string server_time;  ///< RequestTimeTooSkewed
};
S3Fault parse_s3_fault(std::string_view xml);

/// Whether the text is a document whose root element has that name.
bool has_root(std::string_view xml, const char* name);

/// The id in the answer to CreateMultipartUpload; empty when there is none.
std::string parse_s3_upload_id(std::string_view xml);

/// An upload in parts that is not finished (ListMultipartUploads).
struct S3Upload {
  std::string key;
  std::string id;
  std::optional<std::chrono::system_clock::time_point> begun;
};
/// What is in such a document.
std::vector<S3Upload> parse_s3_uploads(std::string_view xml);

/// A page of ListObjectsV2. Keys are decoded.
struct S3Page {
  std::vector<ObjectInfo> objects;
  bool truncated = false;
  std::string next_token;  ///< for the next page when truncated
};
/// Nothing when the text is no such document.
std::optional<S3Page> parse_s3_page(std::string_view xml);

}  // namespace halcyon
