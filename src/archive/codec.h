#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/blocks.h"
#include "base/stream.h"

/// Compression as streams: xz in blocks, gzip and zstd in frames, so that several cores can pack
/// and unpack them.
namespace halcyon {

enum class Format { gzip, xz, zstd };

/// ".tar.gz", ".tar.xz", ".tar.zst" (user guide, package tiers).
std::string_view archive_suffix(Format format);
/// The format that a file name's suffix tells; raises Error "archive::unknown-format".
Format format_of_name(std::string_view name);
/// A name without the suffix; all of it where it has none of ours.
std::string_view without_archive_suffix(std::string_view name);
/// The names that an archive would have in each format, the given one first.
std::vector<std::string> names_in_all_formats(const std::string& name);
/// "gzip", "xz" or "zstd" as an option's value; raises Error "archive::unknown-format".
Format parse_format(std::string_view name);

/// What an archive is for decides how much work its compression is worth.
enum class Effort {
  quick,    ///< packed with every push, sandbox or package index: app, sandbox, Cabal
  thorough  ///< packed once, restored for months: GHC, the toolchain
};

/// Packs: what is written goes compressed to `out`. `finish` must be called at the end.
class Encoder : public Sink {
 public:
  /// Tells that another archive may well have the same from here on: a good place for a frame to
  /// begin.
  virtual void cut() {}
  virtual void finish() = 0;
};
class EarlierArchive;
/// `threads` workers at most, fewer where memory would not stay below 150 MB. What `earlier`,
/// unless null, has is not packed again. `out` and `earlier` must outlive the encoder.
std::unique_ptr<Encoder> make_encoder(Format format, Sink& out, unsigned threads,
                                      Effort effort = Effort::quick,
                                      const EarlierArchive* earlier = nullptr);

/// Unpacks what it reads.
class Decoder : public Source {
 public:
  /// The next bytes, where they were unpacked: in memory of the decoder, which must outlive them,
  /// or in one of the blocks. Empty at the end.
  virtual HeldBytes next(Blocks& blocks);
};
/// Who finds out that bytes have changed: the decoder, by the checksums of the format, or whoever
/// unpacks, by a digest of the whole archive. libdeflate looks at those of gzip in any case.
enum class CheckedBy { decoder, caller };
/// Unpacks, finding the format from the first bytes; plain tar passes as it is. bzip2 is refused
/// with a message of its own. Errors: "archive::truncated", "archive::corrupt",
/// "archive::unknown-format". `in` must outlive the decoder. Memory stays below 200 MB.
std::unique_ptr<Decoder> make_decoder(Source& in, unsigned threads,
                                      CheckedBy checked_by = CheckedBy::decoder);

}  // namespace halcyon
