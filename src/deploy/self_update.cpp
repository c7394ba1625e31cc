#include "deploy/self_update.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include "archive/archive.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "layers/workspace.h"
#include "net/download.h"
#include "net/url.h"

namespace halcyon {
namespace {

constexpr const char* record_name = ".halcyon-update";
constexpr const char* lock_name = ".halcyon-update.lock";
constexpr std::chrono::hours interval{24};
constexpr const char* seconds_to_start = "20";
constexpr const char* going_on = "Going on with this version (HALCYON_NO_SELFUPDATE=1 keeps it)";

/// What an installation remembers of its updates.
struct Record {
  std::string url;
  std::string id;  ///< what it was made of: an archive's SHA-256, or a commit
  std::string checked;

  static Record read(const fs::path& file) {
    Record record;
    for (const std::string& line : lines(read_file_if_any(file, 1U << 16U).value_or(""))) {
      const std::size_t colon = std::min(line.find(": "), line.size());
      const std::string value(trim(std::string_view(line).substr(colon).substr(
          std::min<std::size_t>(2, line.size() - colon))));
      const std::string name = line.substr(0, colon);
      if (name == "url") record.url = value;
      if (name == "id") record.id = value;
      if (name == "checked") record.checked = value;
    }
    return record;
  }

  void write(const fs::path& file) const {
    write_file(file, fmt::format("url: {}\nid: {}\nchecked: {}\n", url, id, checked));
  }

  bool is_recent(std::chrono::system_clock::time_point now) const {
    const auto time = parse_timestamp(checked);
    return time && *time <= now && now - *time < interval;
  }
};

bool is_hex(std::string_view text, std::size_t least) {
  return text.size() >= least &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// One update of one installation.
class Update {
 public:
  Update(UpdateSource source, const Environment& environment, fs::path installation)
      : source_(std::move(source)), installation_(std::move(installation)) {
    environment_ = system_environment(environment);
    for (const char* name : {"HOME", "SSH_AUTH_SOCK"}) {
      const auto found = environment.find(name);
      if (found != environment.end()) environment_[name] = found->second;
    }
    environment_["GIT_TERMINAL_PROMPT"] = "0";
    environment_["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes";
    std::string protocols = "https:ssh";
    for (const char* scheme : {"file", "http"}) {
      if (source_.url.starts_with(std::string(scheme) + "://"))
        protocols += std::string(":") + scheme;
    }
    environment_["GIT_ALLOW_PROTOCOL"] = protocols;
  }

  /// Names what the source has now, without fetching it.
  std::string look(const fs::path& work) {
    if (source_.archive) {
      const fs::path file = work / "sha256";
      download(http_, source_.url + ".sha256", file, "");
      const std::vector<std::string> found = words(read_file(file, 1U << 16U));
      if (!found.empty() && found.front().size() == 64 && is_hex(found.front(), 64)) {
        return found.front();
      }
      throw Error("selfupdate::bad-checksum",
                  "There is no SHA-256 in " + log::redact(source_.url) + ".sha256");
    }
    const std::string ref = source_.branch.empty() ? "HEAD" : "refs/heads/" + source_.branch;
    const std::string out = git({"ls-remote", "--exit-code", "--", source_.url, ref}, {});
    const std::vector<std::string> found = words(out);
    if (!found.empty() && is_hex(found.front(), 40)) return found.front();
    throw Error("selfupdate::bad-answer", "git ls-remote does not name a commit");
  }

  /// Makes the new installation in `tree`; what it is made of.
  std::string make(const std::string& id, const fs::path& work, const fs::path& tree) {
    fs::path archive = work / "release.tgz";
    std::string made_of = id;
    if (source_.archive) {
      const Stopwatch watch;
      log::begin("Downloading " + log::redact(source_.url));
      download(http_, source_.url, archive, id);
      log::end(watch.done());
    } else {
      const fs::path checkout = work / "source";
      std::vector<std::string> clone{"clone", "--quiet", "--depth=1", "--recurse-submodules"};
      if (!source_.branch.empty()) clone.push_back("--branch=" + source_.branch);
      clone.insert(clone.end(), {"--", source_.url, checkout.string()});
      git(clone, {});
      made_of = std::string(trim(git({"rev-parse", "HEAD"}, checkout)));
      package(checkout);
      archive = checkout / "build" / "halcyon-buildpack.tgz";
    }
    FileSource file(archive);
    unpack(file, tree, installation_);
    return made_of;
  }

  /// Starts the new program once; its version.
  std::string try_out(const fs::path& tree) const {
    if (const std::string reason = foreign_content(tree); !reason.empty()) {
      throw Error("selfupdate::odd-release", "This is no release of Halcyon").why(reason);
    }
    Command command;
    command.argv = {"timeout",  "-k", "1", seconds_to_start, (tree / "bin" / "halcyon").string(),
                    "--version"};
    command.env = {{"PATH", environment_.contains("PATH") ? environment_.at("PATH") : "/usr/bin"}};
    command.output = Output::capture;
    const Outcome outcome = run(command);
    std::string version(trim(outcome.out));
    if (outcome.ok() && version.starts_with("halcyon ") && lines(version).size() == 1) {
      return version;
    }
    throw Error("selfupdate::does-not-start", "The new version does not start")
        .why("halcyon --version ended with " + outcome.describe() +
             (outcome.errors.empty() ? "" : ":\n" + outcome.errors));
  }

 private:
  std::string git(const std::vector<std::string>& words, const fs::path& dir) const {
    Command command;
    command.argv = {"git"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.env = environment_;
    command.dir = dir;
    command.output = Output::capture;
    const Outcome outcome = run(command);
    if (outcome.ok()) return outcome.out;
    throw Error("selfupdate::git", "git " + words.front() + " ended with " + outcome.describe())
        .why(outcome.errors);
  }

  void package(const fs::path& checkout) const {
    log::detail("Building it");
    Command command;
    command.argv = {(checkout / "bin" / "package").string()};
    command.env = environment_;
    command.dir = checkout;
    const Outcome outcome = run(command);
    if (outcome.ok()) return;
    throw Error("selfupdate::build", "bin/package ended with " + outcome.describe());
  }

  UpdateSource source_;
  fs::path installation_;
  Environment environment_;
  HttpClient http_;
};

void exchange(const fs::path& a, const fs::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return;
  throw system_error("Cannot exchange " + b.string() + " with its new version", errno);
}

/// Looks, and replaces the installation where there is something new. Whether it did.
bool replace_installation(const UpdateSource& source, const Environment& environment,
                          const fs::path& installation) {
  const fs::path record_file = installation / record_name;
  const std::string url = log::redact(source.url) + "#" + source.branch;
  const auto now = std::chrono::system_clock::now();
  Record record = Record::read(record_file);
  if (record.url == url && record.is_recent(now)) return false;
  if (const std::string reason = foreign_content(installation); !reason.empty()) {
    throw Error("selfupdate::shared", installation.string() + " is not Halcyon's alone")
        .why(reason)
        .fix("Unpack a release of Halcyon into a directory of its own");
  }
  const FileLock lock(installation / lock_name);
  record = Record::read(record_file);
  if (record.url == url && record.is_recent(now)) return false;  // another one did it meanwhile
  if (record.url != url) record.id.clear();
  record.url = url;
  record.checked = format_timestamp(now);
  record.write(record_file);  // what fails is not tried again at once

  const fs::path parent = installation.parent_path();
  const std::string stage = "." + installation.filename().string() + ".update-";
  for (const auto& entry : fs::directory_iterator(parent)) {  // of runs that were killed
    if (entry.path().filename().string().starts_with(stage)) remove_tree(entry.path());
  }
  const TempDir work(parent, stage);
  Update update(source, environment, installation);
  const std::string id = update.look(work.path());
  if (id == record.id) return false;
  log::step("Updating Halcyon to " + id.substr(0, 12));
  const fs::path tree = work.path() / "halcyon";
  record.id = update.make(id, work.path(), tree);
  const std::string version = update.try_out(tree);
  fs::permissions(tree, fs::status(installation).permissions());
  record.write(tree / record_name);
  exchange(tree, installation);
  log::detail("This is now " + version);
  return true;
}

/// Becomes the new program. Returns only when that fails.
void become(const fs::path& program, Environment environment,
            const std::vector<std::string>& arguments) {
  environment["HALCYON_NO_SELFUPDATE"] = "1";
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> settings;
  for (const auto& [name, value] : environment) settings.push_back(name + "=" + value);
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  };
  std::fflush(nullptr);
  ::execve(program.c_str(), pointers(words).data(), pointers(settings).data());
}

}  // namespace

UpdateSource UpdateSource::parse(const std::string& text) {
  const std::size_t hash = std::min(text.find('#'), text.size());
  UpdateSource source{text.substr(0, hash), hash < text.size() ? text.substr(hash + 1) : "", false};
  source.archive = source.url.ends_with(".tgz") || source.url.ends_with(".tar.gz");
  const auto refuse = [&text](const std::string& why) {
    return Error("selfupdate::bad-url", "HALCYON_URL cannot be " + log::redact(text))
        .why(why)
        .fix("Give the https URL of a release archive (.tgz) or of a git repository");
  };
  const bool branch_is_plain =
      !source.branch.starts_with('-') &&
      std::all_of(source.branch.begin(), source.branch.end(), [](char c) {
        return is_word_char(c) || std::string_view("-./+").find(c) != std::string_view::npos;
      });
  if (!branch_is_plain) throw refuse("This is not the name of a branch");
  const std::size_t colon = source.url.find("://");
  if (colon == std::string::npos) {
    const std::size_t at = source.url.find('@');
    const bool is_scp = at != std::string::npos && at > 0 && !source.url.starts_with('-') &&
                        source.url.find(':', at) != std::string::npos;
    if (source.archive || !is_scp) throw refuse("It is no absolute URL");
    return source;
  }
  const std::string scheme = source.url.substr(0, colon);
  if (scheme == "file") return source;
  if (scheme != "http" && scheme != "https" && (scheme != "ssh" || source.archive)) {
    throw refuse("It is neither https nor ssh");
  }
  if (scheme == "http") {
    const std::string host = url_origin(source.url).host;
    const bool is_here = host == "localhost" || host == "127.0.0.1" || host == "[::1]";
    if (!is_here) throw refuse("Over http anybody could answer");
  }
  const std::string authority =
      source.url.substr(colon + 3, source.url.find('/', colon + 3) - colon - 3);
  const std::size_t at = authority.rfind('@');
  if (!source.archive && at != std::string::npos && (scheme != "ssh" || authority.find(':') < at)) {
    throw refuse("It has a password: git's credential helper is the place for it");
  }
  return source;
}

std::string foreign_content(const fs::path& installation) {
  const std::vector<std::string_view> top{"bin",     "share",        "README.md",
                                          "LICENSE", "CHANGELOG.md", "app.json",
                                          "export",  record_name,    lock_name};
  const std::vector<std::string_view> bin{"halcyon", "catalog.json", "detect", "compile",
                                          "release", "report",       "test",   "test-compile"};
  const std::vector<std::string_view> share{"halcyon"};
  if (!fs::is_regular_file(installation / "bin" / "halcyon")) return "It has no bin/halcyon";
  for (const auto& [dir, known] :
       {std::pair(installation, top), std::pair(installation / "bin", bin),
        std::pair(installation / "share", share)}) {
    if (!fs::is_directory(dir)) continue;
    for (const auto& entry : fs::directory_iterator(dir)) {
      const std::string name = entry.path().filename().string();
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        return "There is also " + entry.path().string();
      }
    }
  }
  return "";
}

void update_self(const Options& options, const Environment& environment,
                 const std::vector<std::string>& arguments) {
  if (!options.is_set("url") || options.flag("no-selfupdate") || environment.contains("DYNO")) {
    return;
  }
  const fs::path program = self_path();
  const fs::path installation = program.parent_path().parent_path();
  try {
    if (!replace_installation(UpdateSource::parse(options.get("url")), environment, installation)) {
      return;
    }
  } catch (const Error& error) {
    std::string text = std::string("Halcyon is not updated: ") + error.what() + "\n";
    for (const std::string& part : {error.why(), error.fix()}) {
      if (!part.empty()) text += part + "\n";
    }
    log::warning(text + going_on);
    return;
  } catch (const fs::filesystem_error& error) {
    log::warning(fmt::format("Halcyon is not updated: {}\n{}", error.what(), going_on));
    return;
  }
  become(installation / "bin" / "halcyon", environment, arguments);
  log::warning("The new version could not be started: going on with the old one");
}

}  // namespace halcyon
