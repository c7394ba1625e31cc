// Micro-benchmarks: halcyon_bench [Catch2's options]. What changes a part of the program that costs
// time should be seen here before it is seen in a deploy.
#define CATCH_CONFIG_RUNNER
#define CATCH_CONFIG_ENABLE_BENCHMARKING
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "archive/archive.h"
#include "base/log.h"
#include "bench/sandboxes.h"
#include "net/http.h"
#include "net/signing.h"
#include "store/s3_xml.h"

namespace halcyon {
namespace {

constexpr std::size_t megabytes = 16;

/// Bytes like those of layers: our own program's.
std::string sample() {
  const std::string program = read_file("/proc/self/exe", 1U << 30U);
  std::string text;
  while (text.size() < megabytes << 20U) text += program;
  text.resize(megabytes << 20U);
  return text;
}

std::string encoded(Format format, const std::string& text, unsigned threads) {
  StringSink out(1U << 30U);
  const auto encoder = make_encoder(format, out, threads);
  encoder->write(std::as_bytes(std::span(text)));
  encoder->finish();
  return std::move(out.text);
}

std::size_t decoded(const std::string& packed, unsigned threads) {
  StringSource source(packed);
  const auto decoder = make_decoder(source, threads);
  std::vector<std::byte> buffer(256U << 10U);
  std::size_t bytes = 0;
  while (const std::size_t count = decoder->read(buffer)) bytes += count;
  return bytes;
}

TEST_CASE("codec, 16 MiB") {
  const std::string text = sample();
  for (const auto& [name, format] : {std::pair{"xz", Format::xz}, std::pair{"gzip", Format::gzip},
                                     std::pair{"zstd", Format::zstd}}) {
    const std::string packed = encoded(format, text, 2);
    BENCHMARK(fmt::format("{} pack, 2 threads ({:.1f} MB)", name,
                          static_cast<double>(packed.size()) / 1e6)) {
      return encoded(format, text, 2);
    };
    BENCHMARK(fmt::format("{} unpack, 2 threads", name)) { return decoded(packed, 2); };
  }
}

TEST_CASE("tar, 2,000 files of 4 kB") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path tree = dir.path() / "tree";
  for (int i = 0; i < 2000; ++i) {
    const fs::path file = tree / std::to_string(i % 50) / std::to_string(i);
    fs::create_directories(file.parent_path());
    std::ofstream(file) << std::string(4096, static_cast<char>('a' + i % 26));
  }
  StringSink archive;
  pack(tree, archive, Format::zstd, 1);
  BENCHMARK("pack, zstd") {
    NoSink out;
    return pack(tree, out, Format::zstd, 1);
  };
  int number = 0;
  BENCHMARK("unpack, zstd") {
    StringSource source(archive.text);
    const fs::path target = dir.path() / fmt::format("out{}", number++);
    return unpack(source, target, target);
  };
}

TEST_CASE("small things") {
  const SigningKey key{.access_key = "AKIDEXAMPLE",
                       .secret_key = "secret",
                       .session_token = "",
                       .region = "us-east-1"};
  const auto time = std::chrono::system_clock::now();
  BENCHMARK("sign a request") {
    return sign(key,
                {.method = "GET",
                 .host = "examplebucket.s3.amazonaws.com",
                 .path = "/a/b.tar.gz",
                 .query = {{"list-type", "2"}},
                 .headers = {{"x-amz-meta-sha256", "0"}},
                 .payload_sha256 = sha256("")},
                time);
  };
  std::string page = "<ListBucketResult><IsTruncated>false</IsTruncated>";
  for (int i = 0; i < 1000; ++i) {
    page += fmt::format(
        "<Contents><Key>linux-debian-12-x64/halcyon-sandbox-9.0.2-app{}-1.0-{}.tar.gz</Key>"
        "<Size>{}</Size><ETag>&quot;x&quot;</ETag></Contents>",
        i, sha1(std::to_string(i)), i);
  }
  page += "</ListBucketResult>";
  BENCHMARK("read a listing page of 1,000") { return parse_s3_page(page); };
  const Constraints constraints = bench::constraints_of(1);
  const std::string freeze = constraints.format();
  BENCHMARK("read a freeze file of 75 packages") { return Constraints::parse(freeze, "bench"); };
}

TEST_CASE("matching among 10,000 sandboxes") {
  SandboxIndex index;
  for (int i = 0; i < 10'000; ++i) {
    const Constraints constraints = bench::constraints_of(i);
    index.set(fmt::format("app{}-1.0-{}.tar.gz", i, constraints.digest()), "kind",
              constraints.normalised());
  }
  const std::string packed = index.pack();
  const Constraints wanted = bench::wanted_constraints();
  CHECK(index.subsets(wanted, "kind").size() == 1);
  BENCHMARK(fmt::format("read the index ({:.1f} MB)", static_cast<double>(packed.size()) / 1e6)) {
    return SandboxIndex::parse(packed, "bench").size();
  };
  BENCHMARK("rank") { return index.subsets(wanted, "kind"); };
  BENCHMARK("write the index") { return index.pack(); };
}

}  // namespace
}  // namespace halcyon

int main(int argc, char** argv) {
  using namespace halcyon;
  init_net();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string command = arguments.empty() ? "" : arguments.front();
  try {
    if (command == "sandboxes" && argc == 4) {
      bench::write_sandboxes(arguments[1], std::stoi(arguments[2]));
    } else if (command == "upload" && argc == 5) {
      bench::upload(arguments[1], arguments[2], arguments[3]);
    } else if (command == "match" && argc == 4) {
      bench::match(arguments[1], arguments[2]);
    } else {
      return Catch::Session().run(argc, argv);
    }
  } catch (const Error& error) {
    log::error(error);
    return 1;
  }
  return 0;
}
