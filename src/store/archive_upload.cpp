#include "store/archive_upload.h"

#include <random>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/stopwatch.h"

namespace halcyon {
namespace {

/// A builder that has just uploaded an archive uploads its manifest next: how often that is looked
/// for.
constexpr int looks = 5;
/// How often an archive is uploaded when others write the same one at the same time.
constexpr int most_uploads = 7;

}  // namespace

bool ArchiveUpload::send(const std::string& key, const std::string& sha256, IfThere if_there) {
  const Stopwatch watch;
  const fs::path file = cache_.file(key);
  log::begin("Uploading " + storage_.describe(key));
  const bool done = storage_.put(key, file, sha256, if_there);
  log::end(done ? watch.done(fs::file_size(file)) : "another builder has done so");
  return done;
}

std::vector<std::string> ArchiveUpload::send_small(const std::string& key) {
  std::vector<std::string> small{manifest_name(key)};
  if (cache_.has(companion_name(key))) small.push_back(companion_name(key));
  for (const std::string& small_key : small) {
    const std::string text = read_file(cache_.file(small_key), largest_small_file);
    storage_.put(small_key, cache_.file(small_key), sha256(text));
  }
  return small;
}

bool ArchiveUpload::stands(const std::string& key, const std::string& tag) {
  const std::string manifest_key = manifest_name(key);
  try {
    const auto text = read_small(storage_, manifest_key);
    if (!text) return false;
    const Manifest manifest = keys_.read(*text, key, storage_.describe(manifest_key));
    return manifest.tag == tag && storage_.digest(key).value_or(manifest.sha256) == manifest.sha256;
  } catch (const Error& error) {
    if (!is_bad_manifest(error) && !is_damage(error)) throw;
    return false;
  }
}

bool ArchiveUpload::others_stands(const std::string& key, const std::string& tag) {
  for (int look = 1;; ++look) {
    if (stands(key, tag)) return true;
    if (look == looks) return false;
    interrupt::sleep(wait_);
  }
}

bool ArchiveUpload::stands_later(const std::string& key, const std::string& tag, int uploads) {
  std::random_device random;
  std::uniform_real_distribution<double> part(0, 1);
  interrupt::sleep(
      std::chrono::duration_cast<std::chrono::milliseconds>(wait_ * part(random) * uploads));
  return stands(key, tag);
}

std::vector<std::string> ArchiveUpload::store(const std::string& key, const Manifest& manifest,
                                              IfThere if_there) {
  // Two that upload at the same time may leave the archive of one with the manifest of the other:
  // so each looks at the end, and again after a while that is another for each; the last one to
  // look puts it right.
  const fs::path unsent = cache_.file(unsent_name(key));
  write_file(unsent, "");
  std::vector<std::string> sent;
  for (int uploads = 1; uploads <= most_uploads; ++uploads) {
    const bool done = send(key, manifest.sha256, if_there);
    if (done) {
      sent = send_small(key);
      sent.push_back(key);
    }
    if ((done ? stands(key, manifest.tag) : others_stands(key, manifest.tag)) ||
        stands_later(key, manifest.tag, uploads)) {
      fs::remove(unsent);
      return sent;
    }
    if_there = IfThere::replace;
  }
  throw Error("depot::contended", "Others go on replacing " + storage_.describe(key))
      .fix("Try again when no other builder is at work");
}

}  // namespace halcyon
