#include "layers/sandbox_index.h"

#include "archive/codec.h"
#include "fuzz.h"

HALCYON_FUZZ(sandbox_index, text) {
  halcyon::StringSink packed;
  const auto encoder = halcyon::make_encoder(halcyon::Format::zstd, packed, 1);
  encoder->write(std::as_bytes(std::span(text)));
  encoder->finish();
  const auto index = halcyon::SandboxIndex::parse(packed.text, "fuzz");
  const auto again = halcyon::SandboxIndex::parse(index.pack(), "fuzz");
  halcyon::fuzz::require(again.size() == index.size());
}
