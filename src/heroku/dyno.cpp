#include "heroku/dyno.h"

#include "archive/archive.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "deploy/commands.h"
#include "deploy/deployment.h"
#include "heroku/build_request.h"

namespace halcyon {
namespace {

/// On a dyno, everything is in the slug's own directory.
void set_dyno_places(Options& options) {
  const fs::path ours = slug_source().parent_path();
  options.set("app-dir", ours.parent_path().string());
  options.set("prefix", ours.parent_path().string());
  options.set("cache-dir", (ours / "cache").string());
}

/// One of the facts that write_slug leaves; empty when it is not there.
std::string slug_fact(const char* name) {
  return std::string(
      trim(read_file_if_any(slug_source().parent_path() / name, 1U << 10U).value_or("")));
}

/// A source that was pushed, and its magic files read.
fs::path unpack_source(const Run& run, Options& options, const fs::path& archive) {
  fs::path source = run.workspace().temp() / "app";
  FileSource file(archive);
  unpack(file, source, source);
  options.read_magic(source);
  return source;
}

void require_uploads(Run& run) {
  if (!run.has_storage()) {
    throw Error("storage::none", "There is no storage to keep what would be built here")
        .why(
            "A one-off dyno's disk is gone when it ends, and a push cannot reach it: a private S3 "
            "bucket carries the layers from here to there")
        .fix(storage_advice());
  }
  if (!run.depot().uploads()) {
    throw Error("storage::none", "There is no storage to keep what would be built here")
        .why(
            run.depot().keys().can_keep()
                ? "HALCYON_NO_UPLOAD or HALCYON_NO_ARCHIVE is set: a push could not use what this "
                  "dyno builds"
                : "HALCYON_TRUSTED_KEYS is set and HALCYON_SIGNING_KEY is not: a push would refuse "
                  "what this dyno builds")
        .fix(upload_advice(run.depot()));
  }
}

}  // namespace

std::string storage_advice() {
  return "heroku config:set HALCYON_AWS_ACCESS_KEY_ID=...\n"
         "heroku config:set HALCYON_AWS_SECRET_ACCESS_KEY=...\n"
         "heroku config:set HALCYON_S3_BUCKET=...";
}

std::string upload_advice(const Depot& depot) {
  return depot.keys().can_keep() ? "heroku config:unset HALCYON_NO_UPLOAD HALCYON_NO_ARCHIVE"
                                 : "heroku config:set HALCYON_SIGNING_KEY=...";
}

fs::path slug_source() {
  const fs::path source = self_path().parent_path().parent_path() / "source.tar.gz";
  return fs::exists(source) ? source : fs::path();
}

void build_on_dyno(Options& options, const Environment& environment) {
  set_dyno_places(options);
  options.set("no-build-dependencies", "0");
  options.set("no-build", "0");
  Run run(options, environment, true);
  require_uploads(run);
  run.begin();
  fs::path archive = slug_source();
  std::string toolchain = slug_fact("toolchain-digest");
  const auto request = find_request(run, slug_fact("app-id"), slug_fact("built"));
  if (request) {
    log::step("Taking the source of the push that was rejected: " + request->tag.get("contents"));
    archive = run.depot().fetch(request->archive);
    toolchain = request->tag.get("toolchain");
  }
  Deployment deployment(run, unpack_source(run, options, archive));
  log::step("Building " + deployment.label());
  deployment.use_toolchain(toolchain);
  deployment.make_app(Deployment::Purpose::keep);
  if (request && run.depot().cleans()) run.depot().remove(request->archive.key);
  log::step("App built: " + deployment.label());
  log::detail(request ? "To deploy it:  git push heroku master"
                      : "To deploy it:  git commit --allow-empty -m 'Deploy' && git push heroku "
                        "master");
}

Patient patient_here(std::map<std::string, std::string> flags, const Environment& environment) {
  Patient patient{std::move(flags), environment};
  const fs::path source = slug_source();
  if (source.empty()) return patient;
  const fs::path ours = source.parent_path();
  patient.flags["app-dir"] = ours.parent_path().string();
  patient.flags["cache-dir"] = (ours / "cache").string();
  patient.has_toolchain = !slug_fact("toolchain-digest").empty();
  return patient;
}

void restore_on_dyno(Options& options, const Environment& environment) {
  set_dyno_places(options);
  options.set_default("no-build", "1");
  options.set_default("no-build-dependencies", "1");
  Run run(options, environment, false);
  run.begin();
  Deployment deployment(run, unpack_source(run, options, slug_source()));
  deployment.use_toolchain(slug_fact("toolchain-digest"));
  restore(run, deployment);
}

}  // namespace halcyon
