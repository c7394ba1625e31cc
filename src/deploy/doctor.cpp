#include "deploy/doctor.h"

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "base/digest.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "deploy/commands.h"
#include "deploy/named_distributions.h"
#include "deploy/run.h"
#include "layers/ghc.h"
#include "net/http_date.h"
#include "store/s3.h"

namespace halcyon {
namespace {

constexpr std::uint64_t enough_disk =
    5'000'000'000;  // GHC unpacked, its archive, a sandbox, an app
constexpr std::uint64_t little_disk = 3'000'000'000;
constexpr std::chrono::minutes clock_tolerance{15};  // Amazon's; others follow it
constexpr std::chrono::minutes clock_warning{2};

/// What a check that does not fail has seen.
struct Seen {
  std::string detail;
  std::string warning_fix = {};  ///< not empty: all is not well
};

class Examination {
 public:
  explicit Examination(const Patient& patient) : patient_(patient) {}

  std::vector<Finding> run() {
    check("variables", [this] { return variables(); });
    const std::pair<const char*, std::function<Seen()>> of_options[] = {
        {"stack", [this] { return stack(); }},
        {"prerequisites", [this] { return prerequisites(); }},
        {"disk", [this] { return disk(); }},
        {"cache", [this] { return cache(); }},
        {"keys", [this] { return keys(); }},
        {"credentials", [this] { return credentials(); }},
    };
    for (const auto& [name, look] : of_options) check(name, look, options_ != nullptr);
    const bool is_s3 = dynamic_cast<S3Storage*>(storage_.get()) != nullptr;
    if (is_s3) check("clock", [this] { return clock(); });
    if (storage_ != nullptr) examine_storage(is_s3);
    return std::move(findings_);
  }

 private:
  void check(const std::string& name, const std::function<Seen()>& look, bool possible = true) {
    if (!possible) {
      findings_.push_back({name, Health::skipped, "something before it failed", ""});
      return;
    }
    try {
      const Seen seen = look();
      const Health health = seen.warning_fix.empty() ? Health::ok : Health::warning;
      findings_.push_back({name, health, seen.detail, seen.warning_fix});
    } catch (const Error& error) {
      const std::string why = error.why().empty() ? "" : "\n" + error.why();
      findings_.push_back({name, Health::failed, error.what() + why, error.fix()});
    } catch (const std::exception& error) {
      findings_.push_back({name, Health::failed, error.what(), ""});
    }
  }

  bool last_failed() const { return findings_.back().health == Health::failed; }

  Seen variables() {
    options_ = std::make_unique<Options>(patient_.flags, patient_.environment);
    std::size_t set = 0;
    for (const Option& option : option_table()) {
      const auto variable = patient_.environment.find(option.variable());
      if (variable != patient_.environment.end() && !variable->second.empty()) ++set;
    }
    return {fmt::format("{} set, none malformed", set)};
  }

  Seen stack() const {
    const std::string os = os_identifier();
    Catalog catalog = load_catalog(*options_, http_);
    add_named_distributions(catalog, *options_, os);
    const auto wanted = [this](const char* option, const std::string& recommended) {
      return options_->is_set(option) ? options_->get(option) : recommended;
    };
    const std::string ghc = wanted("ghc-version", catalog.recommended_ghc());
    const std::string cabal = wanted("cabal-version", catalog.recommended_cabal());
    const auto missing = [&os](const Release* release) {
      return release == nullptr || Catalog::distribution(*release, os) == nullptr;
    };
    const std::string known = fmt::format("{}; GHC {}, cabal-install {}", os, ghc, cabal);
    if (missing(catalog.ghc(ghc))) {
      throw Error("ghc::unknown-version", known)
          .why("The catalog has no such GHC for this machine")
          .fix(known_versions_advice(catalog.ghc_versions()));
    }
    if (missing(catalog.cabal(cabal))) {
      throw Error("cabal::unknown-version", known)
          .why("The catalog has no such cabal-install for this machine")
          .fix(known_versions_advice(catalog.cabal_versions()));
    }
    return {known};
  }

  /// Links a program as GHC does, with the library that every Haskell program needs.
  Seen prerequisites() const {
    const Environment env = system_environment(patient_.environment);
    const auto path = env.find("PATH");
    const auto has = [&path, &env](const char* program) {
      return path != env.end() && !find_program(program, path->second).empty();
    };
    const std::string fix =
        "Debian, Ubuntu: apt-get install gcc libc6-dev libgmp-dev libffi-dev make";
    if (!has("gcc")) {
      if (patient_.has_toolchain) return {"no C compiler here; the toolchain layer brings one"};
      throw Error("toolchain::missing", "There is no C compiler, and GHC needs one").fix(fix);
    }
    if (!has("make"))
      throw Error("toolchain::missing", "There is no make to install GHC with").fix(fix);
    const TempDir dir(fs::temp_directory_path());
    Command link;
    link.argv = {"gcc", "-x", "c", "-", "-lgmp", "-o", (dir.path() / "program").string()};
    link.env = env;
    link.input = "int main(void) { return 0; }\n";
    link.output = Output::capture;
    const Outcome outcome = halcyon::run(link);
    if (!outcome.ok()) {
      throw Error("toolchain::missing", "The C compiler cannot link a program with libgmp")
          .why(outcome.errors)
          .fix(fix);
    }
    return {"gcc, make and libgmp work"};
  }

  Seen disk() const {
    Seen seen;
    for (const char* option : {"app-dir", "cache-dir"}) {
      fs::path dir = options_->path(option);
      while (!fs::exists(dir)) dir = dir.parent_path();
      const std::uint64_t free = fs::space(dir).available;
      const std::string text = format_size(free) + " free at " + dir.string();
      if (free < little_disk) {
        throw Error("disk::full", text)
            .why("GHC, its archive and a sandbox need about " + format_size(enough_disk))
            .fix("Make room, or name another place with " + find_option(option)->variable());
      }
      if (free < enough_disk) {
        seen.warning_fix = "A large app may need " + format_size(enough_disk) + ": make room";
      }
      seen.detail += (seen.detail.empty() ? "" : ", ") + text;
    }
    return seen;
  }

  Seen cache() const {
    const fs::path dir = options_->path("cache-dir");
    const TempDir probe(dir, ".doctor-");  // makes the directory too
    std::uint64_t size = 0;
    for (const fs::path& file : walk(dir)) {
      if (fs::is_regular_file(fs::symlink_status(dir / file))) size += fs::file_size(dir / file);
    }
    return {dir.string() + " can be written to, and holds " + format_size(size)};
  }

  Seen keys() const {
    const Keyring keys = keyring(*options_);
    const std::string signing = keys.can_sign() ? "signs as " + keys.signer().text() : "";
    if (!keys.is_strict()) {
      return {signing.empty() ? "archives are not signed"
                              : signing + "; archives need no signature to be used"};
    }
    const std::string trusted = fmt::format("{} trusted", keys.trusted().size());
    if (keys.can_keep()) return {trusted + ", " + signing};
    return {trusted + ", none to sign with: what is built here is not archived",
            "heroku config:set HALCYON_SIGNING_KEY=..."};
  }

  Seen credentials() {
    storage_ = make_storage(*options_, http_);
    if (storage_ == nullptr) {
      return {"no storage is set up",
              "heroku config:set HALCYON_S3_BUCKET=... "
              "HALCYON_AWS_ACCESS_KEY_ID=... HALCYON_AWS_SECRET_ACCESS_KEY=..."};
    }
    return {"storage is " + storage_->describe()};
  }

  Seen clock() const {
    const S3Endpoint endpoint =
        parse_s3_endpoint(options_->get("s3-endpoint"), options_->get("s3-bucket"));
    HttpRequest request;
    request.url = endpoint.scheme + "://" + endpoint.host_header() + "/";
    const HttpResponse response = http_.perform(request);
    const auto theirs = parse_http_date(response.header("date"));
    const auto ours = std::chrono::system_clock::now();
    if (!theirs) return {endpoint.host_header() + " answers, and does not tell its time"};
    const auto apart = std::chrono::abs(ours - *theirs);
    const std::string times = fmt::format("here it is {}, at {} {} (UTC)", format_timestamp(ours),
                                          endpoint.host_header(), format_timestamp(*theirs));
    if (apart > clock_tolerance) {
      throw Error("s3::clock-skew", "This machine's clock is wrong")
          .why(times)
          .fix("timedatectl set-ntp true");
    }
    if (apart > clock_warning) return {times, "timedatectl set-ntp true"};
    return {"as that of " + endpoint.host_header()};
  }

  void examine_storage(bool is_s3) {
    check("list", [this, is_s3] {
      const std::string prefix = os_identifier() + "/";
      const std::size_t count = storage_->list(prefix).size();
      std::string detail = fmt::format("{} objects below {}", count, prefix);
      if (is_s3) detail += ", region " + dynamic_cast<S3Storage&>(*storage_).region();
      return Seen{detail};
    });
    const bool usable = !last_failed();
    const std::string key =
        fmt::format("doctor-{}-{}", ::getpid(), format_timestamp(std::chrono::system_clock::now()));
    const std::string text = "halcyon doctor was here";
    if (storage_->read_only() || options_->flag("no-upload")) return;
    check(
        "put",
        [&] {
          const TempDir dir(fs::temp_directory_path());
          write_file(dir.path() / "probe", text);
          storage_->put(key, dir.path() / "probe", sha256(text));
          const std::string acl = options_->get("s3-acl");
          return Seen{"an object can be stored" + (is_s3 ? ", ACL " + acl : "")};
        },
        usable);
    const bool stored = usable && !last_failed();
    check(
        "get",
        [&] {
          StringSink sink(text.size() * 2);
          if (!storage_->get(key, sink) || sink.text != text) {
            throw Error("storage::lost", "What was stored does not come back")
                .why(storage_->describe(key) + " is not what was written a moment ago");
          }
          return Seen{"it comes back unchanged"};
        },
        stored);
    check(
        "delete",
        [&] {
          storage_->remove(key);
          return Seen{"it can be removed"};
        },
        stored);
  }

  const Patient& patient_;
  mutable HttpClient http_;
  std::unique_ptr<Options> options_;
  std::unique_ptr<Storage> storage_;
  std::vector<Finding> findings_;
};

bool is_well(const std::vector<Finding>& findings) {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& f) { return f.health == Health::failed; });
}

std::string as_json(const std::vector<Finding>& findings) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  writer.StartObject();
  writer.Key("ok");
  writer.Bool(is_well(findings));
  writer.Key("checks");
  writer.StartArray();
  for (const Finding& finding : findings) {
    writer.StartObject();
    for (const auto& [name, value] : {std::pair{"check", finding.check},
                                      {"health", std::string(to_string(finding.health))},
                                      {"detail", log::redact(finding.detail)},
                                      {"fix", log::redact(finding.fix)}}) {
      writer.Key(name);
      writer.String(value);
    }
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return std::string(buffer.GetString()) + "\n";
}

std::string as_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    const std::vector<std::string> detail = lines(finding.detail);
    text += fmt::format("{:<8} {:<14} {}\n", to_string(finding.health), finding.check,
                        detail.empty() ? "" : detail.front());
    for (std::size_t i = 1; i < detail.size(); ++i) text += fmt::format("{:24}{}\n", "", detail[i]);
    bool first = true;
    for (const std::string& line : lines(finding.fix)) {
      text += fmt::format("{:24}{} {}\n", "", first ? "->" : "  ", line);
      first = false;
    }
  }
  return log::redact(text);
}

}  // namespace

std::string_view to_string(Health health) {
  switch (health) {
    case Health::ok:
      return "ok";
    case Health::warning:
      return "warning";
    case Health::failed:
      return "FAILED";
    case Health::skipped:
      return "skipped";
  }
  return "";
}

std::vector<Finding> examine(const Patient& patient) { return Examination(patient).run(); }

Exit print_findings(const std::vector<Finding>& findings, bool json) {
  print(json ? as_json(findings) : as_text(findings));
  return is_well(findings) ? Exit::done : Exit::failed;
}

}  // namespace halcyon
