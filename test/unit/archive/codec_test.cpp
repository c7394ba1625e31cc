#include "archive/codec.h"

#include <lzma.h>

#include <catch2/catch.hpp>
#include <random>

#include "base/error_id.h"
#include "base/read_all.h"

using namespace halcyon;

namespace {

constexpr Format formats[] = {Format::gzip, Format::xz, Format::zstd};

/// Text that compresses, but not to nothing, and looks like a tar file.
std::string sample(std::size_t size) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < size) text += "word" + std::to_string(random() % 5000) + ' ';
  text.resize(size);
  if (size > 262) text.replace(257, 5, "ustar");
  return text;
}

std::string packed(Format format, const std::string& text, unsigned threads = 2,
                   Effort effort = Effort::quick) {
  StringSink out;
  const auto encoder = make_encoder(format, out, threads, effort);
  // In uneven pieces, as they come.
  for (std::size_t at = 0; at < text.size(); at += 100'003) {
    encoder->write(std::as_bytes(
        std::span(text).subspan(at, std::min<std::size_t>(100'003, text.size() - at))));
  }
  encoder->finish();
  return out.text;
}

/// Gives a few bytes at a time, as a network does.
class SlowSource : public Source {
 public:
  SlowSource(std::string_view text, std::size_t most) : text_(text), most_(most) {}
  std::size_t read(std::span<std::byte> buffer) override {
    return text_.read(buffer.first(std::min(buffer.size(), most_)));
  }

 private:
  StringSource text_;
  std::size_t most_;
};

std::string unpacked(const std::string& bytes, std::size_t piece = 1U << 20U) {
  SlowSource source(bytes, piece);
  const auto decoder = make_decoder(source, 2);
  return test::read_all(*decoder);
}

std::string id_of_unpacking(const std::string& bytes) {
  return test::error_id([&] { unpacked(bytes); });
}

}  // namespace

TEST_CASE("checksums are looked at unless the caller has one of its own", "[archive]") {
  const std::string text = sample(100'000);
  for (const Format format : {Format::xz, Format::zstd}) {
    INFO(archive_suffix(format));
    std::string bad = packed(format, text);
    std::size_t checksum = bad.size();  // zstd: it ends the frame
    if (format == Format::xz) {         // it stands before the index, whose size the footer tells
      lzma_stream_flags footer{};
      REQUIRE(lzma_stream_footer_decode(
                  &footer, reinterpret_cast<const std::uint8_t*>(
                               bad.data() + bad.size() - LZMA_STREAM_HEADER_SIZE)) == LZMA_OK);
      checksum -= LZMA_STREAM_HEADER_SIZE + footer.backward_size;
    }
    bad[checksum - 1] = static_cast<char>(bad[checksum - 1] ^ 1);
    CHECK(id_of_unpacking(bad) == "archive::corrupt");
    for (const unsigned threads : {1U, 2U}) {
      StringSource source(bad);
      CHECK(test::read_all(*make_decoder(source, threads, CheckedBy::caller)) == text);
    }
  }
}

TEST_CASE("what is packed unpacks to the same", "[archive]") {
  for (const Format format : formats) {
    INFO(archive_suffix(format));
    for (const std::size_t size : {0U, 1U, 1000U, 1'000'000U}) {
      const std::string text = sample(size);
      CHECK(unpacked(packed(format, text)) == text);
    }
    const std::string text = sample(20'000);
    CHECK(unpacked(packed(format, text, 1), 7) == text);
    CHECK(packed(format, text) == packed(format, text));
    const std::string thorough = packed(format, text, 2, Effort::thorough);
    CHECK(unpacked(thorough) == text);
    CHECK(thorough.size() <= packed(format, text).size());
  }
}

TEST_CASE("many threads pack with no more memory than a few", "[archive]") {
  const std::string text = sample(100'000);
  CHECK(unpacked(packed(Format::xz, text, 64, Effort::thorough)) == text);
}

TEST_CASE("an archive has a name in each format", "[archive]") {
  CHECK(without_archive_suffix("x/a-1.0.tar.zst") == "x/a-1.0");
  CHECK(without_archive_suffix("a.cabal.config") == "a.cabal.config");
  CHECK(names_in_all_formats("a-1.0.tar.xz") ==
        std::vector<std::string>{"a-1.0.tar.xz", "a-1.0.tar.gz", "a-1.0.tar.zst"});
}

TEST_CASE("plain tar passes as it is", "[archive]") {
  const std::string text = sample(100'000);
  CHECK(unpacked(text, 100) == text);
}

TEST_CASE("streams one after the other are one", "[archive]") {
  for (const Format format : formats) {
    INFO(archive_suffix(format));
    const std::string two = packed(format, "hello, ") + packed(format, "world");
    CHECK(unpacked(two) == "hello, world");
    CHECK(unpacked(two, 1) == "hello, world");
  }
}

TEST_CASE("an archive that ends early is told, wherever it ends", "[archive]") {
  for (const Format format : formats) {
    const std::string whole = packed(format, sample(400'000));
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{8}, std::size_t{11}, std::size_t{600}, whole.size() / 3,
          whole.size() / 2, whole.size() - 30, whole.size() - 9, whole.size() - 4,
          whole.size() - 1}) {
      INFO(archive_suffix(format) << " cut to " << size << " of " << whole.size());
      CHECK(id_of_unpacking(whole.substr(0, size)) == "archive::truncated");
    }
  }
}

TEST_CASE("a flipped bit is told, wherever it is", "[archive]") {
  for (const Format format : formats) {
    const std::string whole = packed(format, sample(400'000));
    for (const std::size_t at : {std::size_t{5000}, whole.size() / 2, whole.size() - 6}) {
      std::string bad = whole;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      INFO(archive_suffix(format) << " at " << at << " of " << whole.size());
      const std::string id = id_of_unpacking(bad);
      CHECK((id == "archive::corrupt" || id == "archive::truncated"));
    }
  }
}

TEST_CASE("garbage after the end is corrupt", "[archive]") {
  for (const Format format : formats) {
    INFO(archive_suffix(format));
    CHECK(id_of_unpacking(packed(format, "hello") + std::string(100, 'x')) == "archive::corrupt");
  }
}

TEST_CASE("other formats are refused by name or by content", "[archive]") {
  CHECK(id_of_unpacking("<html>Not found</html>") == "archive::unknown-format");
  CHECK(id_of_unpacking(std::string(100'000, '\0')) == "archive::unknown-format");
  CHECK(id_of_unpacking("BZh91AY&SY") == "archive::unknown-format");
  try {
    unpacked("BZh91AY&SY");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("bzip2") != std::string::npos);
  }
  CHECK(format_of_name("halcyon-ghc-9.0.2.tar.xz") == Format::xz);
  CHECK(format_of_name("x.tar.gz") == Format::gzip);
  CHECK(format_of_name("x.tar.zst") == Format::zstd);
  CHECK(test::error_id([] { format_of_name("x.tar.bz2"); }) == "archive::unknown-format");
  for (const Format format : formats) {
    CHECK(format_of_name("x" + std::string(archive_suffix(format))) == format);
  }
  CHECK(parse_format("gzip") == Format::gzip);
  CHECK(parse_format("xz") == Format::xz);
  CHECK(parse_format("zstd") == Format::zstd);
  CHECK(test::error_id([] { parse_format("XZ"); }) == "archive::unknown-format");
}

TEST_CASE("large xz archives have several blocks, for several cores", "[archive]") {
  // The index at the end tells the blocks (xz file format, sections 2.1.2 and 4.2).
  const std::string bytes = packed(Format::xz, std::string(20U << 20U, 'x'));
  REQUIRE(bytes.size() > LZMA_STREAM_HEADER_SIZE);
  const auto* end = reinterpret_cast<const std::uint8_t*>(bytes.data() + bytes.size());
  lzma_stream_flags footer{};
  REQUIRE(lzma_stream_footer_decode(&footer, end - LZMA_STREAM_HEADER_SIZE) == LZMA_OK);
  const std::uint8_t* start = end - LZMA_STREAM_HEADER_SIZE - footer.backward_size;
  lzma_index* index = nullptr;
  std::uint64_t memory = UINT64_MAX;
  std::size_t at = 0;
  REQUIRE(lzma_index_buffer_decode(&index, &memory, nullptr, start, &at, footer.backward_size) ==
          LZMA_OK);
  CHECK(lzma_index_block_count(index) == 3);
  CHECK(lzma_index_uncompressed_size(index) == 20U << 20U);
  lzma_index_end(index, nullptr);

  CHECK(unpacked(bytes).size() == 20U << 20U);
  CHECK(id_of_unpacking(bytes.substr(0, bytes.size() / 2)) == "archive::truncated");
}

TEST_CASE("an archive that needs too much memory is refused", "[archive]") {
  lzma_options_lzma options{};
  REQUIRE_FALSE(lzma_lzma_preset(&options, 0));
  options.dict_size = 512U << 20U;
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  // By hand: a stream whose block names a dictionary of 512 MiB, and no data.
  lzma_stream_flags flags{};
  flags.check = LZMA_CHECK_CRC64;
  std::vector<std::uint8_t> bytes(LZMA_STREAM_HEADER_SIZE + LZMA_BLOCK_HEADER_SIZE_MAX);
  REQUIRE(lzma_stream_header_encode(&flags, bytes.data()) == LZMA_OK);
  lzma_block block{};
  block.check = flags.check;
  block.filters = const_cast<lzma_filter*>(filters);
  block.compressed_size = LZMA_VLI_UNKNOWN;
  block.uncompressed_size = LZMA_VLI_UNKNOWN;
  REQUIRE(lzma_block_header_size(&block) == LZMA_OK);
  REQUIRE(lzma_block_header_encode(&block, bytes.data() + LZMA_STREAM_HEADER_SIZE) == LZMA_OK);
  const std::string text(bytes.begin(), bytes.end());
  try {
    unpacked(text);
    FAIL("unpacked");
  } catch (const Error& error) {
    CHECK(error.id() == "archive::corrupt");
    CHECK(error.why().find("memory") != std::string::npos);
  }
}
