#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

/// Large buffers.
namespace halcyon {

/// Memory that is not filled with anything; to be freed with std::free. Many megabytes get huge
/// pages, where the system has them: it is asked for each page when that is first touched, which
/// else happens thousands of times. nullptr when there is none.
inline void* allocate(std::size_t size) {
  constexpr std::size_t huge = 2U << 20U;
  if (size < 2 * huge) return std::malloc(size);
  void* memory = std::aligned_alloc(huge, (size + huge - 1) / huge * huge);
  if (memory != nullptr) ::madvise(memory, size, MADV_HUGEPAGE);
  return memory;
}

struct FreeMemory {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<std::byte[], FreeMemory>;

/// `allocate`, owned. Raises std::bad_alloc.
inline Memory make_memory(std::size_t size) {
  Memory memory(static_cast<std::byte*>(allocate(size)));
  if (!memory && size > 0) throw std::bad_alloc();
  return memory;
}

}  // namespace halcyon
