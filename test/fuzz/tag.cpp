#include "layers/tag.h"

#include "fuzz.h"

HALCYON_FUZZ(tag, text) {
  const halcyon::Tag tag = halcyon::Tag::parse(text, "fuzz");
  halcyon::fuzz::require(halcyon::Tag::parse(tag.text(), "fuzz") == tag);
}
