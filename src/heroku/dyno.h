#pragma once

#include <filesystem>
#include <string>

#include "base/process.h"
#include "deploy/doctor.h"
#include "options/options.h"
#include "store/depot.h"

/// The view of a one-off dyno, whose helper belongs to a slug.
namespace halcyon {

/// The commands that set up a private bucket, a line each.
std::string storage_advice();
/// What lets a run upload that has storage and may not: HALCYON_NO_UPLOAD or HALCYON_NO_ARCHIVE is
/// set, or there is no key to sign with.
std::string upload_advice(const Depot& depot);

/// The source archive of the slug that the running helper belongs to; empty elsewhere.
std::filesystem::path slug_source();

/// `halcyon build` on a one-off dyno: builds every layer of the push that was rejected last, else
/// of the slug's own source, and uploads each as soon as it is done. Refuses at once without usable
/// storage.
void build_on_dyno(Options& options, const Environment& environment);

/// Where `halcyon doctor` is called: on a dyno the slug says where things are.
Patient patient_here(std::map<std::string, std::string> flags, const Environment& environment);

/// `halcyon restore` on a one-off dyno: all layers of the slug's own app.
void restore_on_dyno(Options& options, const Environment& environment);

}  // namespace halcyon
