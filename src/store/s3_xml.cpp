#include "store/s3_xml.h"

#include <algorithm>
#include <pugixml.hpp>

#include "base/text.h"

namespace halcyon {

namespace {

constexpr std::size_t kLongestMessage = 300;

std::string printable(std::string_view text) {
  std::string result(trim(text.substr(0, kLongestMessage)));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; },
      ' ');
  return result;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// encoding-type=url: percent encoding, where '+' is a space.
std::string url_decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      result += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
               hex_value(text[i + 2]) >= 0) {
      result += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// The root element when the document parses and the root has that name.
pugi::xml_node root(pugi::xml_document& document, std::string_view xml, const char* name) {
  if (!document.load_buffer(xml.data(), xml.size())) return {};
  return document.child(name);
}

}  // namespace

S3Fault parse_s3_fault(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node error = root(document, xml, "Error");
  return {.code = printable(error.child_value("Code")),
          .message = printable(error.child_value("Message")),
          .region = printable(error.child_value("Region")),
          .endpoint = printable(error.child_value("Endpoint")),
          .server_time = printable(error.child_value("ServerTime"))};
}

bool has_root(std::string_view xml, const char* name) {
  pugi::xml_document document;
  return !root(document, xml, name).empty();
}

std::string parse_s3_upload_id(std::string_view xml) {
  pugi::xml_document document;
  return root(document, xml, "InitiateMultipartUploadResult").child_value("UploadId");
}

std::vector<S3Upload> parse_s3_uploads(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node list = root(document, xml, "ListMultipartUploadsResult");
  std::vector<S3Upload> found;
  for (const pugi::xml_node upload : list.children("Upload")) {
    // "2026-11-20T10:00:00.000Z"
    std::string time;
    for (const char c : std::string_view(upload.child_value("Initiated")).substr(0, 19)) {
      if (c >= '0' && c <= '9') time += c;
    }
    found.push_back(
        {upload.child_value("Key"), upload.child_value("UploadId"), parse_timestamp(time)});
  }
  return found;
}

std::optional<S3Page> parse_s3_page(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node list = root(document, xml, "ListBucketResult");
  if (!list) return std::nullopt;
  const bool encoded = std::string_view(list.child_value("EncodingType")) == "url";
  S3Page page;
  page.truncated = std::string_view(list.child_value("IsTruncated")) == "true";
  page.next_token = list.child_value("NextContinuationToken");
  for (const pugi::xml_node object : list.children("Contents")) {
    const std::string_view key = object.child_value("Key");
    const auto size = parse_number(trim(object.child_value("Size")));
    if (!size) return std::nullopt;
    page.objects.push_back({encoded ? url_decode(key) : std::string(key), *size});
  }
  return page;
}

}  // namespace halcyon
