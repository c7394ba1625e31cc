// stack.yaml and Stackage's snapshots.
#include "haskell/stack.h"

#include "base/error.h"
#include "fuzz.h"

HALCYON_FUZZ(stack, text) {
  try {
    halcyon::parse_stack_project(text, "fuzz");
  } catch (const halcyon::Error&) {
  }
  halcyon::parse_stack_snapshot(text, "fuzz");
}
