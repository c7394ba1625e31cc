#include <zlib.h>

#include <catch2/catch.hpp>

#include "archive/earlier_archive.h"
#include "archive/frame_encoder.h"
#include "archive/gzip.h"
#include "archive/zstd.h"
#include "base/error_id.h"
#include "base/read_all.h"

using namespace halcyon;

namespace {

constexpr std::size_t frame_bytes = codec::largest_frame;

/// Text whose place can be told from any part of it.
std::string numbers(std::size_t size) {
  std::string text;
  text.reserve(size + 16);
  for (std::uint64_t i = 0; text.size() < size; ++i) text += std::to_string(i * 7919) + '\n';
  text.resize(size);
  return text;
}

constexpr Format formats[] = {Format::gzip, Format::zstd};

std::shared_ptr<const codec::FramePacker> packer_of(Format format, int level) {
  if (format == Format::gzip) return codec::make_gzip_packer();
  return codec::make_zstd_packer({level, 64}, frame_bytes);
}

/// In frames of `most` bytes at most, after cuts of `least`.
std::string in_frames(Format format, const std::vector<std::string>& pieces, unsigned threads = 2,
                      codec::FrameEncoder::Sizes sizes = {frame_bytes, 1},
                      const EarlierArchive* earlier = nullptr, int level = 1) {
  StringSink out;
  codec::FrameEncoder encoder(out, packer_of(format, level), sizes, threads, earlier);
  for (const std::string& piece : pieces) {
    encoder.cut();
    encoder.write(std::as_bytes(std::span(piece)));
  }
  encoder.finish();
  return out.text;
}

std::string in_frames(const std::string& text, unsigned threads = 2) {
  return in_frames(Format::zstd, {text}, threads);
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
  const auto decoder = make_decoder(source, threads);
  return test::read_all(*decoder);
}

/// As zlib writes it, with nothing said of its size.
std::string gzipped(const std::string& text) {
  z_stream stream{};
  constexpr int gzip = 15 + 16;
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, gzip, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  CHECK(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// As zlib's own reader of gzip files has it.
std::string gunzipped(const std::string& packed) {
  const TempDir dir(fs::temp_directory_path());
  write_file(dir.path() / "packed", packed);
  gzFile file = gzopen((dir.path() / "packed").c_str(), "rb");
  std::string text(1U << 20U, '\0');
  const int count = gzread(file, text.data(), static_cast<unsigned>(text.size()));
  CHECK(gzclose(file) == Z_OK);
  REQUIRE(count >= 0);
  text.resize(static_cast<std::size_t>(count));
  return text;
}

std::string id_of_unpacking(const std::string& bytes) {
  return test::error_id([&] { unpacked(bytes); });
}

}  // namespace

TEST_CASE("frames that several threads packed and unpack stay in order", "[archive]") {
  const std::string text = numbers(4 * frame_bytes + 12'345);
  for (const Format format : formats) {
    const std::string packed = in_frames(format, {text}, 3);
    CHECK((packed == in_frames(format, {text}, 1)));
    for (const unsigned threads : {0U, 1U, 2U, 64U}) CHECK((unpacked(packed, threads) == text));
    CHECK(unpacked(in_frames(format, {})).empty());
  }
}

TEST_CASE("each frame of zstd is a whole one and tells its size", "[archive]") {
  const std::string packed = in_frames(numbers(2 * frame_bytes + 1));
  std::vector<std::uint64_t> sizes;
  for (std::size_t at = 0; at < packed.size();) {
    sizes.push_back(ZSTD_getFrameContentSize(packed.data() + at, packed.size() - at));
    at += ZSTD_findFrameCompressedSize(packed.data() + at, packed.size() - at);
  }
  CHECK(sizes == std::vector<std::uint64_t>{frame_bytes, frame_bytes, 1});
  CHECK(ZSTD_getFrameContentSize(in_frames("").data(), in_frames("").size()) == 0);
}

TEST_CASE("frames of other programs unpack, whatever their size", "[archive]") {
  const std::string text = numbers(frame_bytes + 1000);
  const std::string small = numbers(1000);
  CHECK((unpacked(in_one_frame(text)) == text));
  CHECK(
      (unpacked(in_frames(small) + in_one_frame(text) + in_frames(small)) == small + text + small));
  CHECK(unpacked(in_frames(small) + skippable("of no concern") + in_frames(small)) ==
        small + small);
  CHECK(unpacked(in_frames(small) + skippable(std::string(frame_bytes + 1, 'x'))) == small);
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
  const auto decoder = make_decoder(source, 2);
  std::vector<std::byte> buffer(1U << 20U);
  std::size_t count = 0;
  CHECK(test::error_id([&] {
          while (const std::size_t more = decoder->read(buffer)) count += more;
        }) == "archive::corrupt");
  // The frame is given while it is unpacked, but for its end.
  CHECK(count >= 2 * frame_bytes);
  CHECK(count < 3 * frame_bytes);
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

TEST_CASE("what a decoder has given stays while it is held", "[archive]") {
  const std::string text = numbers(8 << 20);
  for (const Format format : formats) {
    const std::string packed = in_frames(format, {text.substr(0, 3 << 20), text.substr(3 << 20)});
    StringSource source(packed);
    const auto decoder = make_decoder(source, 2);
    Blocks blocks;
    std::vector<HeldBytes> held;  // of two frames: there is room for three
    std::string all;
    for (;;) {
      held.push_back(decoder->next(blocks));
      if (held.back().bytes.empty()) break;
    }
    for (const HeldBytes& piece : held) {
      all.append(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
    }
    CHECK((all == text));
  }
}

TEST_CASE("a decoder can be given up while it works", "[archive]") {
  const std::string packed = in_frames(numbers(4 * frame_bytes));
  StringSource source(packed);
  const auto decoder = make_decoder(source, 2);
  std::vector<std::byte> buffer(1000);
  CHECK(decoder->read(buffer) == 1000);
}

TEST_CASE("members of gzip tell their size, and are those of any gzip", "[archive]") {
  const std::string text = numbers(100'000);
  const std::string packed = in_frames(Format::gzip, {text, text, "end"});
  std::size_t members = 0;
  for (std::size_t at = 0; at < packed.size(); ++members) {
    REQUIRE(packed.substr(at, 4) == "\x1f\x8b\x08\x04");
    REQUIRE(packed.substr(at + 10, 6) == std::string("\x08\0HC\x04\0", 6));
    std::size_t size = 0;
    for (unsigned i = 0; i < 4; ++i) {
      size |= static_cast<std::size_t>(static_cast<unsigned char>(packed[at + 16 + i])) << (8 * i);
    }
    REQUIRE(size > 0);
    at += size;
    REQUIRE(at <= packed.size());
  }
  CHECK(members == 3);
  CHECK(gunzipped(packed) == text + text + "end");
}

TEST_CASE("members of other programs unpack, whatever their size", "[archive]") {
  const std::string text = numbers(frame_bytes + 1000);
  const std::string ours = in_frames(Format::gzip, {"ours"});
  CHECK((unpacked(gzipped(text)) == text));
  CHECK((unpacked(ours + gzipped(text) + ours) == "ours" + text + "ours"));
}

TEST_CASE("members of gzip that lie are corrupt", "[archive]") {
  const std::string text = numbers(1000);
  const std::string packed = in_frames(Format::gzip, {text});
  const auto with = [&packed](std::size_t at, std::uint32_t number) {
    std::string changed = packed;
    for (unsigned i = 0; i < 4; ++i) changed[at + i] = static_cast<char>(number >> (8 * i));
    return changed;
  };
  const auto size = static_cast<std::uint32_t>(packed.size());
  const std::size_t length_at = packed.size() - 4;
  CHECK(id_of_unpacking(packed.substr(0, packed.size() - 1)) == "archive::truncated");
  CHECK(id_of_unpacking(packed + "xyz") == "archive::corrupt");
  CHECK(id_of_unpacking(with(16, size - 1)) == "archive::corrupt");
  CHECK(id_of_unpacking(with(16, size + 1)) == "archive::truncated");
  CHECK(id_of_unpacking(with(16, size + 1) + "x") == "archive::truncated");
  // Of no member of ours: it is read as any other, whose extra field says nothing.
  for (const std::uint32_t no_size : {0U, 27U, 0xffffffffU})
    CHECK(unpacked(with(16, no_size)) == text);
  for (const std::uint32_t length : {0U, 999U, 1001U, 0xffffffffU}) {
    CHECK(id_of_unpacking(with(length_at, length)) == "archive::corrupt");
  }
}

TEST_CASE("what an earlier archive has is not packed again", "[archive]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "earlier";
  const std::string same = numbers(300'000);
  const std::string last = "last " + same;
  constexpr codec::FrameEncoder::Sizes sizes{200'000, 50'000};
  // Packed in another way, so that what is taken over can be told.
  const std::string earlier_bytes =
      in_frames(Format::zstd, {"first " + same, "gone " + same, last}, 2, sizes, nullptr, 1);
  write_file(file, earlier_bytes);
  const EarlierArchive earlier(file, sha256(earlier_bytes), Format::zstd, 2);
  CHECK(earlier.frames() == 5);  // two of them have the same end
  const std::vector<std::string> pieces{"first " + same, "new " + same, last};
  const std::string packed = in_frames(Format::zstd, pieces, 2, sizes, &earlier, 9);
  CHECK((unpacked(packed) == pieces[0] + pieces[1] + pieces[2]));
  const std::string first = in_frames(Format::zstd, {pieces[0]}, 1, sizes, nullptr, 1);
  const std::string added = in_frames(Format::zstd, {pieces[1]}, 1, sizes, nullptr, 9);
  const std::string end = in_frames(Format::zstd, {last}, 1, sizes, nullptr, 1);
  CHECK((packed == first + added + end));
}

TEST_CASE("taking frames over makes the archive that packing makes", "[archive]") {
  const TempDir dir(fs::temp_directory_path());
  for (const Format format : formats) {
    const std::vector<std::string> pieces{numbers(700'000), "new", numbers(300'000)};
    constexpr codec::FrameEncoder::Sizes sizes{200'000, 50'000};
    const std::string before = in_frames(format, {pieces[0], pieces[2]}, 2, sizes);
    write_file(dir.path() / "earlier", before);
    const EarlierArchive earlier(dir.path() / "earlier", sha256(before), format, 2);
    CHECK(earlier.frames() > 3);
    CHECK((in_frames(format, pieces, 2, sizes, &earlier) == in_frames(format, pieces, 2, sizes)));
  }
}

TEST_CASE("an earlier archive that is not what it should be is none", "[archive]") {
  const TempDir dir(fs::temp_directory_path());
  const fs::path file = dir.path() / "earlier";
  const std::string text = numbers(500'000);
  constexpr codec::FrameEncoder::Sizes sizes{200'000, 50'000};
  const std::string good = in_frames(Format::zstd, {text}, 2, sizes);
  const auto frames = [&](const std::string& bytes, Format format, const std::string& digest) {
    write_file(file, bytes);
    return EarlierArchive(file, digest, format, 2).frames();
  };
  CHECK(frames(good, Format::zstd, sha256(good)) == 3);
  CHECK(frames(good, Format::zstd, sha256("another")) == 0);
  CHECK(frames(good, Format::gzip, sha256(good)) == 0);
  CHECK(frames(good, Format::xz, sha256(good)) == 0);
  const std::string cut = good.substr(0, good.size() - 1);
  CHECK(frames(cut, Format::zstd, sha256(cut)) == 0);
  fs::remove(file);
  CHECK(EarlierArchive(file, sha256(good), Format::zstd, 2).frames() == 0);
}
