#include "deploy/storage_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "deploy/commands.h"
#include "deploy/run.h"
#include "store/s3.h"

namespace halcyon {
namespace {

using Words = std::vector<std::string>;

/// What one command works with.
class Session {
 public:
  explicit Session(const Options& options) : options_(options) {}

  /// The bucket `name` or `name/sub/path`; an empty ACL is that of the options.
  S3Storage& open(const std::string& bucket, const std::string& acl = {}) {
    S3Options with = s3_options(options_, bucket);
    if (!acl.empty()) with.acl = checked_value(*find_option("s3-acl"), acl, "The ACL");
    buckets_.push_back(
        std::make_unique<S3Storage>(std::move(with), http_, &std::chrono::system_clock::now));
    return *buckets_.back();
  }

  /// The status of the last answer; 0 when there was none.
  long status() const {
    const auto asked = std::find_if(buckets_.rbegin(), buckets_.rend(),
                                    [](const auto& b) { return b->last_status() != 0; });
    return asked == buckets_.rend() ? 0 : (*asked)->last_status();
  }

 private:
  const Options& options_;
  HttpClient http_;
  std::vector<std::unique_ptr<S3Storage>> buckets_;
};

/// An argument that may be left out.
std::string optional_word(const Words& words, std::size_t index) {
  return index < words.size() ? words[index] : std::string();
}

Exit list(Session& session, const Words& words) {
  S3Storage& bucket = session.open(words[0]);
  const std::string prefix = optional_word(words, 1);
  log::begin("Listing " + bucket.describe("") + (prefix.empty() ? "" : "?prefix=" + prefix));
  std::string text;
  for (const ObjectInfo& object : bucket.list(prefix)) text += object.key + "\n";
  log::end("done");
  print(text);
  return Exit::done;
}

Exit download(Session& session, const Words& words) {
  S3Storage& bucket = session.open(words[0]);
  const fs::path file = fs::absolute(words[2]);
  if (fs::is_directory(file)) {
    throw Error("s3::not-a-file", file.string() + " is a directory")
        .fix("Give the name of the file to write");
  }
  log::begin("Downloading " + bucket.describe(words[1]));
  fs::create_directories(file.parent_path());
  FileSink sink(file);
  if (!bucket.get(words[1], sink)) {
    throw Error("s3::no-such-object", bucket.describe(words[1]) + " does not exist")
        .exit(Exit::refused);
  }
  sink.commit();
  log::end("done");
  return Exit::done;
}

Exit upload(Session& session, const Words& words) {
  S3Storage& bucket = session.open(words[1], optional_word(words, 3));
  const std::string digest = sha256_file(words[0]);
  log::begin("Uploading " + bucket.describe(words[2]));
  bucket.put(words[2], words[0], digest);
  log::end("done");
  return Exit::done;
}

Exit copy(Session& session, const Words& words) {
  S3Storage& from = session.open(words[0]);
  S3Storage& to = session.open(words[2], optional_word(words, 4));
  log::begin("Copying " + from.describe(words[1]) + " to " + to.describe(words[3]));
  to.copy(words[3], from, words[1]);
  log::end("done");
  return Exit::done;
}

Exit remove(Session& session, const Words& words) {
  S3Storage& bucket = session.open(words[0]);
  log::begin("Deleting " + bucket.describe(words[1]));
  bucket.remove(words[1]);
  log::end("done");
  return Exit::done;
}

Exit create(Session& session, const Words& words) {
  S3Storage& bucket = session.open(words[0], optional_word(words, 1));
  log::begin("Creating " + bucket.describe(""));
  bucket.create();
  log::end("done");
  return Exit::done;
}

Exit check(Session& session, const Words& words) {
  S3Storage& bucket = session.open(words[0]);
  log::begin("Checking " + bucket.describe(words[1]));
  const bool there = bucket.has(words[1]);
  log::end(there ? "done" : "404 (not found)");
  return there ? Exit::done : Exit::refused;
}

struct S3Command {
  std::string_view name;
  std::string_view usage;
  std::size_t least;
  std::size_t most;
  Exit (*run)(Session&, const Words&);
};

constexpr S3Command commands[] = {
    {"list", "BUCKET [PREFIX]", 1, 2, list},
    {"download", "BUCKET OBJECT FILE", 3, 3, download},
    {"upload", "FILE BUCKET OBJECT [ACL]", 3, 4, upload},
    {"copy", "BUCKET OBJECT TO_BUCKET TO_OBJECT [ACL]", 4, 5, copy},
    {"delete", "BUCKET OBJECT", 2, 2, remove},
    {"create", "BUCKET [ACL]", 1, 2, create},
    {"check", "BUCKET OBJECT", 2, 2, check},
};

const S3Command& find(const Words& words) {
  const auto* const found =
      std::find_if(std::begin(commands), std::end(commands), [&words](const S3Command& command) {
        return !words.empty() && command.name == words.front();
      });
  if (found != std::end(commands)) return *found;
  std::string usages;
  for (const S3Command& command : commands) {
    usages += fmt::format("halcyon s3 {} {}\n", command.name, command.usage);
  }
  throw Error("cli::bad-usage",
              words.empty() ? "s3 needs a command" : "s3 has no command '" + words.front() + "'")
      .fix(usages);
}

Exit exit_of(long status) {
  switch (status / 100) {
    case 3:
      return Exit::redirected;
    case 4:
      return Exit::refused;
    case 5:
      return Exit::server_failed;
    default:
      return Exit::failed;
  }
}

}  // namespace

std::vector<std::string_view> s3_command_names() {
  std::vector<std::string_view> names;
  for (const S3Command& command : commands) names.push_back(command.name);
  return names;
}

Exit command_s3(const Options& options, const Words& words) {
  const S3Command& command = find(words);
  const Words arguments(words.begin() + 1, words.end());
  if (arguments.size() < command.least || arguments.size() > command.most) {
    throw Error("cli::bad-usage", fmt::format("s3 {} is not called like this", command.name))
        .fix(fmt::format("halcyon s3 {} {}", command.name, command.usage));
  }
  Session session(options);
  try {
    return command.run(session, arguments);
  } catch (Error& error) {
    if (error.exit() == Exit::failed) error.exit(exit_of(session.status()));
    throw;
  }
}

}  // namespace halcyon
