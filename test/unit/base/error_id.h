#pragma once

#include <string>

#include "base/error.h"

namespace halcyon::test {

/// The id of the Error that `action` raises; empty when it raises none.
template <typename Action>
std::string error_id(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.id();
  }
  return {};
}

}  // namespace halcyon::test
