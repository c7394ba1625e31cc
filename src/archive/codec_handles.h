#pragma once

#include <lzma.h>
#define ZSTD_STATIC_LINKING_ONLY  // memory of our own
#include <zstd.h>

#include <cstddef>
#include <cstdlib>

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

}  // namespace halcyon::codec
