#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/stream.h"

namespace halcyon::test {

/// All that a source gives, `most` bytes at a time. Its end has to stay the end.
inline std::string read_all(Source& source, std::size_t most = 70'001) {
  std::string text;
  std::vector<std::byte> buffer(most);
  while (const std::size_t count = source.read(buffer)) {
    text.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
  CHECK(source.read(buffer) == 0);
  return text;
}

}  // namespace halcyon::test
