#include "store/manifest.h"

#include "fuzz.h"

HALCYON_FUZZ(manifest, text) {
  const halcyon::Manifest manifest = halcyon::Manifest::parse(text, "fuzz");
  const halcyon::Manifest again = halcyon::Manifest::parse(manifest.format(), "fuzz");
  halcyon::fuzz::require(again.format() == manifest.format() &&
                         again.statement() == manifest.statement() && again.tag == manifest.tag &&
                         again.archive == manifest.archive);
}
