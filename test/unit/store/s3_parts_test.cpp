#include <catch2/catch.hpp>

#include "storage_contract.h"
#include "store/s3_endpoint.h"
#include "store/s3_xml.h"

namespace halcyon {
namespace {

using test::error_id;

TEST_CASE("s3 endpoint: hosts, ports and schemes") {
  const S3Endpoint plain = parse_s3_endpoint(" S3.Example.com/ ", "bucket");
  CHECK(plain.scheme == "https");
  CHECK(plain.host_header() == "s3.example.com");
  CHECK(plain.region == "us-east-1");
  CHECK(parse_s3_endpoint("host:8443", "bucket").host_header() == "host:8443");
  CHECK(parse_s3_endpoint("https://host:443", "bucket").host_header() == "host");
  CHECK(parse_s3_endpoint("http://host:80", "bucket").host_header() == "host");
  CHECK(parse_s3_endpoint("http://host:443", "bucket").host_header() == "host:443");
  CHECK(parse_s3_endpoint("http://[::1]:7480", "bucket").host_header() == "[::1]:7480");
  CHECK(parse_s3_endpoint("http://[::1]", "bucket").host_header() == "[::1]");
  for (const char* bad : {"", "ftp://host", "host/path", "user@host", "host:0", "host:99999",
                          "host:", "a b", "http://", "host?x", "host\r\nX: y"}) {
    INFO(bad);
    CHECK(error_id([&] { parse_s3_endpoint(bad, "bucket"); }) == "s3::bad-endpoint");
  }
}

TEST_CASE("s3 endpoint: buckets and prefixes") {
  const S3Endpoint deep = parse_s3_endpoint("host", "name/sub/path/");
  CHECK(deep.bucket == "name");
  CHECK(deep.prefix == "sub/path/");
  CHECK(parse_s3_endpoint("host", "s3.halcyon.sh").prefix.empty());
  for (const char* bad : {"", "ab", "/x", "name//x", "name/../x", "na me", ".name", "s3://name"}) {
    INFO(bad);
    CHECK(error_id([&] { parse_s3_endpoint("host", bad); }) == "s3::bad-bucket");
  }
}

TEST_CASE("s3 endpoint: host style at AWS only, and only where certificates allow it") {
  const S3Endpoint aws = parse_s3_endpoint("s3.eu-central-1.amazonaws.com", "bucket");
  CHECK_FALSE(aws.path_style());
  CHECK(aws.host_header() == "bucket.s3.eu-central-1.amazonaws.com");
  CHECK(aws.path("a/b") == "/a/b");
  const S3Endpoint dots = parse_s3_endpoint("s3.amazonaws.com", "s3.halcyon.sh");
  CHECK(dots.path_style());
  CHECK(dots.path("a") == "/s3.halcyon.sh/a");
  CHECK(parse_s3_endpoint("s3.amazonaws.com", "Old_Bucket").path_style());
  CHECK(parse_s3_endpoint("evilamazonaws.com", "bucket").path_style());
  CHECK(parse_s3_endpoint("host", "bucket").path_style());
}

TEST_CASE("s3 endpoint: another region is another host at AWS") {
  S3Endpoint aws = parse_s3_endpoint("s3.amazonaws.com", "bucket");
  aws.move_to("eu-west-3");
  CHECK(aws.host_header() == "bucket.s3.eu-west-3.amazonaws.com");
  CHECK(aws.region == "eu-west-3");
  S3Endpoint own = parse_s3_endpoint("http://host:1", "bucket");
  own.move_to("garage");
  CHECK(own.host_header() == "host:1");
  CHECK(own.region == "garage");
}

TEST_CASE("s3 endpoint: regions in host names") {
  const std::vector<std::pair<std::string, std::string>> known = {
      {"s3.eu-central-1.amazonaws.com", "eu-central-1"},
      {"s3-eu-west-1.amazonaws.com", "eu-west-1"},
      {"s3.dualstack.ap-south-1.amazonaws.com", "ap-south-1"},
      {"s3-external-1.amazonaws.com", "us-east-1"},
      {"s3.cn-north-1.amazonaws.com.cn", "cn-north-1"},
      {"s3.us-west-004.backblazeb2.com", "us-west-004"},
      {"abc123.r2.cloudflarestorage.com", "auto"},
      {"abc123.eu.r2.cloudflarestorage.com", "auto"},
      {"fra1.digitaloceanspaces.com", "fra1"},
      {"s3.fr-par.scw.cloud", "fr-par"},
  };
  for (const auto& [host, region] : known) {
    INFO(host);
    CHECK(region_of_host(host) == region);
  }
  for (const char* host : {"s3.amazonaws.com", "localhost", "s3.example.com", "127.0.0.1", "s3.x",
                           "s3.dualstack", "s3.dualstack.x"}) {
    INFO(host);
    CHECK_FALSE(region_of_host(host));
  }
}

TEST_CASE("s3 xml: error documents") {
  const S3Fault fault = parse_s3_fault(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>Bad</Code><Message>a\x1b[31m&amp;\n"
      "b</Message><Region>eu-west-1</Region><Endpoint>e</Endpoint><ServerTime>t</ServerTime></"
      "Error>");
  CHECK(fault.code == "Bad");
  CHECK(fault.message == "a [31m& b");
  CHECK(fault.region == "eu-west-1");
  CHECK(fault.endpoint == "e");
  CHECK(fault.server_time == "t");
  CHECK(parse_s3_fault("<Error><Message>" + std::string(5000, 'x') + "</Message></Error>")
            .message.size() == 300);
  CHECK(parse_s3_fault("").code.empty());
  CHECK(parse_s3_fault("<html><Code>x</Code></html>").code.empty());
}

TEST_CASE("s3 xml: listings") {
  const auto page = parse_s3_page(
      "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>n</"
      "NextContinuationToken><EncodingType>url</EncodingType>"
      "<Contents><Key>a%2Fb+c%2B%C3%A9%4</Key><Size>12</Size></Contents></ListBucketResult>");
  REQUIRE(page);
  CHECK(page->truncated);
  CHECK(page->next_token == "n");
  REQUIRE(page->objects.size() == 1);
  CHECK(page->objects[0].key == "a/b c+\xc3\xa9%4");
  CHECK(page->objects[0].size == 12);
  const auto raw = parse_s3_page(
      "<ListBucketResult><Contents><Key>a+%20</Key><Size>0</Size></Contents></ListBucketResult>");
  REQUIRE(raw);
  CHECK(raw->objects.at(0).key == "a+%20");
  CHECK_FALSE(
      parse_s3_page("<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents>"
                    "</ListBucketResult>"));
  CHECK_FALSE(parse_s3_page("<Other/>"));
}

}  // namespace
}  // namespace halcyon
