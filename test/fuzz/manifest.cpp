#include "store/manifest.h"

#include "fuzz.h"

HALCYON_FUZZ(manifest, text) {
  const halcyon::Manifest manifest = halcyon::Manifest::parse(text, "fuzz");
  const halcyon::Manifest again = halcyon::Manifest::parse(manifest.format(), "fuzz");
  halcyon::fuzz::require(again.tag == manifest.tag && again.sha256 == manifest.sha256 &&
                         again.bytes == manifest.bytes && again.tree_bytes == manifest.tree_bytes);
}
