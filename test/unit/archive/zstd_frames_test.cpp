#include "archive/zstd_frames.h"

#include <catch2/catch.hpp>

#include "base/error_id.h"
#include "base/read_all.h"

using namespace halcyon;

namespace {

constexpr std::size_t frame_bytes = codec::zstd_frame_bytes;

/// Text whose place can be told from any part of it.
std::string numbers(std::size_t size) {
  std::string text;
  text.reserve(size + 16);
  for (std::uint64_t i = 0; text.size() < size; ++i) text += std::to_string(i * 7919) + '\n';
  text.resize(size);
  return text;
}

std::string in_frames(const std::string& text, unsigned threads = 2) {
  StringSink out;
  const auto encoder = codec::make_zstd_encoder(out, threads, {1, 64});
  encoder->write(std::as_bytes(std::span(text)));
  encoder->finish();
  return out.text;
}

/// One frame, as a program makes it that does not know how much there will be.
std::string in_one_frame(const std::string& text) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     ZSTD_freeCCtx);
  std::string packed(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  while (in.pos < in.size) ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_continue);
  REQUIRE(ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end) == 0);
  packed.resize(out.pos);
  return packed;
}

/// A frame that others skip (RFC 8878, section 3.1.2).
std::string skippable(const std::string& text) {
  std::string frame = "\x50\x2a\x4d\x18";
  for (unsigned i = 0; i < 4; ++i) frame += static_cast<char>(text.size() >> (8 * i));
  return frame + text;
}

/// A frame with nothing in it, in as many blocks as you like (RFC 8878, section 3.1.1).
std::string empty_blocks(std::size_t count) {
  const std::string head("\x28\xb5\x2f\xfd\x20\0", 6);  // one segment, of no bytes
  return head + std::string(3 * count, '\0') + std::string("\1\0\0", 3);
}

std::string unpacked(const std::string& bytes, unsigned threads = 2) {
  StringSource source(bytes);
  const auto decoder = codec::make_zstd_decoder(codec::Input(source), threads);
  return test::read_all(*decoder);
}

std::string id_of_unpacking(const std::string& bytes) {
  return test::error_id([&] { unpacked(bytes); });
}

}  // namespace

TEST_CASE("frames that several threads packed and unpack stay in order", "[archive]") {
  const std::string text = numbers(4 * frame_bytes + 12'345);
  const std::string packed = in_frames(text, 3);
  CHECK(packed == in_frames(text, 1));
  for (const unsigned threads : {0U, 1U, 2U, 64U}) CHECK((unpacked(packed, threads) == text));
}

TEST_CASE("each frame is a whole one and tells its size", "[archive]") {
  const std::string packed = in_frames(numbers(2 * frame_bytes + 1));
  std::vector<std::uint64_t> sizes;
  for (std::size_t at = 0; at < packed.size();) {
    sizes.push_back(ZSTD_getFrameContentSize(packed.data() + at, packed.size() - at));
    at += ZSTD_findFrameCompressedSize(packed.data() + at, packed.size() - at);
  }
  CHECK(sizes == std::vector<std::uint64_t>{frame_bytes, frame_bytes, 1});
  CHECK(ZSTD_getFrameContentSize(in_frames("").data(), in_frames("").size()) == 0);
}

TEST_CASE("frames of others unpack, whatever their size", "[archive]") {
  const std::string text = numbers(frame_bytes + 1000);
  const std::string small = numbers(1000);
  CHECK((unpacked(in_one_frame(text)) == text));
  CHECK(
      (unpacked(in_frames(small) + in_one_frame(text) + in_frames(small)) == small + text + small));
  CHECK(unpacked(skippable("of no concern") + in_frames(small) + skippable("")) == small);
  CHECK(unpacked(skippable(std::string(frame_bytes + 1, 'x')) + in_frames(small)) == small);
  CHECK(unpacked(empty_blocks(3) + in_frames(small)) == small);
  CHECK(unpacked(empty_blocks(frame_bytes) + in_frames(small)) == small);
}

TEST_CASE("what is wrong with a later frame is told when it is reached", "[archive]") {
  const std::string packed = in_frames(numbers(3 * frame_bytes));
  CHECK(id_of_unpacking(packed.substr(0, packed.size() - 1)) == "archive::truncated");
  CHECK(id_of_unpacking(packed.substr(0, packed.size() * 2 / 3)) == "archive::truncated");
  CHECK(id_of_unpacking(packed + "xyz") == "archive::corrupt");
  std::string bad = packed;
  bad.back() = static_cast<char>(bad.back() ^ 1);  // of the last checksum
  StringSource source(bad);
  const auto decoder = codec::make_zstd_decoder(codec::Input(source), 2);
  std::vector<std::byte> buffer(1U << 20U);
  std::size_t count = 0;
  CHECK(test::error_id([&] {
          while (const std::size_t more = decoder->read(buffer)) count += more;
        }) == "archive::corrupt");
  CHECK(count == 2 * frame_bytes);
  CHECK(test::error_id([&] { decoder->read(buffer); }) == "archive::corrupt");
}

TEST_CASE("a frame that is not as large as it tells is corrupt", "[archive]") {
  std::string packed = in_frames(std::string(1000, 'x'));
  REQUIRE(ZSTD_getFrameContentSize(packed.data(), packed.size()) == 1000);
  const auto at = packed.find(std::string("\xe8\x02", 2));  // two bytes tell the size less 256
  REQUIRE(at < 8);
  packed[at + 1] = 1;
  CHECK(id_of_unpacking(packed) == "archive::corrupt");
}

TEST_CASE("a decoder can be given up while it works", "[archive]") {
  const std::string packed = in_frames(numbers(4 * frame_bytes));
  StringSource source(packed);
  const auto decoder = codec::make_zstd_decoder(codec::Input(source), 2);
  std::vector<std::byte> buffer(1000);
  CHECK(decoder->read(buffer) == 1000);
}
