#pragma once

#include <lzma.h>
#include <zlib.h>
#define ZSTD_STATIC_LINKING_ONLY  // memory of our own
#include <zstd.h>

#include <cstddef>
#include <cstdlib>

#include "base/error.h"
#include "base/memory.h"

/// What the encoders and decoders share: handles round the C libraries' streams.
namespace halcyon::codec {

inline constexpr std::size_t buffer_size = 256U << 10U;

inline unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
inline const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

/// Windows and tables of many megabytes, for liblzma and for zstd.
inline constexpr lzma_allocator lzma_memory{
    [](void*, std::size_t count, std::size_t size) { return allocate(count * size); },
    [](void*, void* memory) { std::free(memory); }, nullptr};
inline constexpr ZSTD_customMem zstd_memory{[](void*, std::size_t size) { return allocate(size); },
                                            [](void*, void* memory) { std::free(memory); },
                                            nullptr};

/// liblzma's stream, in either direction.
struct Lzma {
  lzma_stream stream = LZMA_STREAM_INIT;
  Lzma() { stream.allocator = &lzma_memory; }
  ~Lzma() { lzma_end(&stream); }
  Lzma(const Lzma&) = delete;
  Lzma& operator=(const Lzma&) = delete;
};

/// zlib's stream in either direction: the gzip form, unless another window is asked for.
struct Deflate {
  z_stream stream{};
  bool inflating;
  explicit Deflate(bool inflate, int window = 15 + 16) : inflating(inflate) {
    const int result = inflating
                           ? inflateInit2(&stream, window)
                           : deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    if (result != Z_OK) throw Error("archive::no-memory", "Cannot start zlib");
  }
  ~Deflate() { inflating ? inflateEnd(&stream) : deflateEnd(&stream); }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;
};

}  // namespace halcyon::codec
