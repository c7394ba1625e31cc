#pragma once

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

/// A fuzz target gets any text at all. The parser that it tries may refuse it with an Error, and
/// nothing else.
namespace halcyon::fuzz {

using Target = void (*)(std::string_view text);

/// The targets by name; each file adds one.
std::map<std::string, Target>& targets();

struct Registration {
  Registration(const char* name, Target target) { targets()[name] = target; }
};

/// For what must hold of an input that was accepted.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace halcyon::fuzz

/// HALCYON_FUZZ(tag, text) { ... }: the target `tag`, whose input is `text`.
#define HALCYON_FUZZ(name, text)                                                     \
  static void fuzz_##name(std::string_view text);                                    \
  static const halcyon::fuzz::Registration registration_##name(#name, &fuzz_##name); \
  static void fuzz_##name(std::string_view text)
