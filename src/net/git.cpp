#include "net/git.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "net/known_hosts.h"
#include "net/url.h"

namespace halcyon {
namespace {

constexpr std::array<std::string_view, 5> schemes{"https://", "http://", "ssh://", "git://",
                                                  "file://"};

/// "git@host:path", as git hosts show it: no slash before the colon.
bool is_scp_like(std::string_view text) {
  const std::size_t at = text.find('@');
  const std::size_t colon = text.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || at == 0 ||
      colon < at + 2) {
    return false;
  }
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return is_word_char(c) || c == '-' || c == '.' || c == '@'; });
}

bool is_commit(std::string_view text) {
  constexpr std::size_t sha1_length = 40;
  constexpr std::size_t sha256_length = 64;
  return (text.size() == sha1_length || text.size() == sha256_length) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// What git check-ref-format refuses, as far as it could do harm here.
bool is_branch(std::string_view text) {
  return !text.starts_with('-') && text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) > ' ' && c != 0x7f &&
                  std::string_view("~^:?*[\\").find(c) == std::string_view::npos;
         });
}

/// "https://host:port/" of a URL.
std::string web_root(const std::string& url) {
  return url.substr(0, url.find('/', url.find("://") + 3)) + "/";
}

std::string last_lines(const std::string& text) {
  constexpr std::size_t count = 10;
  std::vector<std::string> all = lines(text);
  if (all.size() > count) all.erase(all.begin(), all.end() - count);
  return join(all, "\n");
}

std::string host_of(const GitUrl& source) {
  std::string_view text = source.url;
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    text.remove_prefix(scheme + 3);
  }
  text = text.substr(0, text.find('/'));
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    text.remove_prefix(at + 1);
  }
  return std::string(text.substr(0, text.find(':')));
}

void advise(Error& error, const GitUrl& source, const std::string& said) {
  const auto says = [&said](const char* words) { return said.find(words) != std::string::npos; };
  if (says("Host key verification failed")) {
    error.why("The key of " + host_of(source) + " is not among the known hosts, or not the same")
        .fix(
            "Check the key that this prints, then add it to HALCYON_SSH_KNOWN_HOSTS:\n"
            "  ssh-keyscan " +
            host_of(source));
  } else if (says("Permission denied")) {
    error.fix(
        "Add a deploy key to the repository, and set the private key:\n"
        "  heroku config:set HALCYON_SSH_KEY=\"$(cat deploy_key)\"");
  } else if (says("could not read Username") || says("Authentication failed")) {
    error.fix(
        "Put a token into the URL (https://TOKEN@host/…), or use its SSH URL and a deploy "
        "key (HALCYON_SSH_KEY)");
  } else {
    error.fix("Check the URL, and that this machine can reach it");
  }
}

}  // namespace

bool GitUrl::matches(std::string_view text) {
  return std::any_of(schemes.begin(), schemes.end(),
                     [text](std::string_view scheme) { return text.starts_with(scheme); }) ||
         is_scp_like(text);
}

GitUrl GitUrl::parse(std::string_view text) {
  const std::size_t hash = text.rfind('#');
  GitUrl source{std::string(text.substr(0, hash)), "",
                hash == std::string_view::npos ? "" : std::string(text.substr(hash + 1))};
  const bool has_host =
      !source.url.ends_with("://") && source.url.find("://-") == std::string::npos;
  if (!matches(source.url) || source.url.starts_with('-') || !has_host ||
      !is_branch(source.branch)) {
    throw Error("git::bad-url", "This is no git URL: " + std::string(text))
        .fix("For example: https://github.com/you/app#branch, git@github.com:you/app");
  }
  if (!is_web_url(source.url)) return source;
  const PlainUrl plain = split_credentials(source.url);
  if (plain.url != source.url && !plain.user.empty()) {
    source.url = plain.url;
    source.authorization = plain.user + ":" + plain.password;
    log::add_secret(plain.password.empty() ? plain.user : plain.password);
  }
  return source;
}

bool GitUrl::is_ssh() const {
  return url.starts_with("ssh://") || (url.find("://") == std::string::npos && is_scp_like(url));
}

/// One use of git: its environment, and the files of the key and the known hosts, which are gone
/// when it ends.
class Git::Session {
 public:
  Session(const Git& git, const GitUrl& source)
      : source_(source), env_(git.system_), files_(git.temp_, "git-") {
    const fs::path program = find_program("git", env_["PATH"]);
    if (program.empty()) {
      throw Error("git::missing", "There is no git on this machine")
          .why(source.url + " can only be fetched with it")
          .fix("Debian, Ubuntu: apt-get install git");
    }
    git_ = program.string();
    if (source.is_ssh() && find_program("ssh", env_["PATH"]).empty()) {
      throw Error("ssh::missing", "There is no ssh on this machine")
          .why(source.url + " can only be fetched with it")
          .fix("Debian, Ubuntu: apt-get install openssh-client");
    }
    env_["HOME"] = (files_.path() / "home").string();
    fs::create_directories(env_["HOME"]);
    env_["GIT_TERMINAL_PROMPT"] = "0";
    env_["GIT_ASKPASS"] = "/bin/false";
    env_["LC_ALL"] = "C";  // we look for words in what it says
    env_["GIT_SSH_COMMAND"] = ssh_command(git.ssh_);
    if (source.authorization.empty()) return;
    // In its environment, not in the URL: git shows that to everybody on its children's command
    // lines, and keeps it in files.
    env_["GIT_CONFIG_COUNT"] = "1";
    env_["GIT_CONFIG_KEY_0"] = "http." + web_root(source.url) + ".extraHeader";
    env_["GIT_CONFIG_VALUE_0"] = "Authorization: Basic " + to_base64(source.authorization);
  }

  Outcome run(const std::vector<std::string>& words, const fs::path& dir) const {
    Command command;
    command.argv = {git_, "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.env = env_;
    command.dir = dir;
    command.output = Output::capture;
    return halcyon::run(command);
  }

  /// Runs it; what goes wrong is an Error.
  std::string must(const std::vector<std::string>& words, const fs::path& dir) const {
    const Outcome outcome = run(words, dir);
    if (outcome.ok()) return outcome.out;
    Error error("git::failed", "Cannot fetch " + source_.url);
    error.why("git " + words.front() + " ended with " + outcome.describe() + ":\n" +
              last_lines(outcome.errors));
    advise(error, source_, outcome.errors);
    throw error;
  }

  fs::path dir() const { return files_.path(); }

 private:
  std::string ssh_command(const SshAccess& ssh) const {
    const fs::path hosts = files_.path() / "known_hosts";
    write_file_lightly(hosts, std::string(known_hosts) + ssh.known_hosts + "\n", 0600);
    std::string command = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes";
    if (ssh.key.empty()) {
      return command + " -o UserKnownHostsFile=" +
             shell_quote("\"" + hosts.string() + "\" ~/.ssh/known_hosts");
    }
    if (!ssh.key.starts_with("-----BEGIN ")) {
      throw Error("ssh::bad-key", "HALCYON_SSH_KEY is no private key")
          .why("It does not start with -----BEGIN")
          .fix("heroku config:set HALCYON_SSH_KEY=\"$(cat deploy_key)\"");
    }
    const fs::path key = files_.path() / "key";
    write_file_lightly(key, ssh.key + "\n", 0600);
    return command + " -F none -o IdentitiesOnly=yes -o IdentityAgent=none -i " +
           shell_quote(key.string()) + " -o GlobalKnownHostsFile=none -o UserKnownHostsFile=" +
           shell_quote("\"" + hosts.string() + "\"");
  }

  const GitUrl& source_;
  Environment env_;
  TempDir files_;
  std::string git_;
};

Git::Git(Environment system, fs::path temp, SshAccess ssh)
    : system_(std::move(system)), temp_(std::move(temp)), ssh_(std::move(ssh)) {}

std::string Git::commit(const GitUrl& source) const {
  if (is_commit(source.branch)) return source.branch;
  const Session session(*this, source);
  const std::string branch = "refs/heads/" + source.branch;
  const std::string tag = "refs/tags/" + source.branch;
  std::vector<std::string> wanted{"HEAD"};
  if (!source.branch.empty()) wanted = {branch, tag + "^{}", tag};  // best first
  std::vector<std::string> words{"ls-remote", "--", source.url};
  words.insert(words.end(), wanted.begin(), wanted.end());
  const std::vector<std::string> answer = lines(session.must(words, session.dir()));
  for (const std::string& ref : wanted) {
    for (const std::string& line : answer) {
      const std::vector<std::string> columns = split(line, '\t');
      if (columns.size() == 2 && columns[1] == ref && is_commit(columns[0])) return columns[0];
    }
  }
  throw Error("git::no-branch", source.branch.empty()
                                    ? source.url + " has no default branch"
                                    : source.url + " has no branch or tag " + source.branch)
      .fix("git ls-remote " + source.url);
}

void Git::fetch(const GitUrl& source, const std::string& commit, const fs::path& dir) const {
  const Session session(*this, source);
  fs::create_directories(dir);
  session.must({"init", "--quiet"}, dir);
  session.must({"config", "remote.origin.url", source.url}, dir);
  if (!session.run({"fetch", "--quiet", "--depth=1", "--no-tags", "origin", commit}, dir).ok()) {
    // Servers without support for it.
    session.must({"fetch", "--quiet", "--no-tags", "origin", "+refs/heads/*:refs/remotes/origin/*",
                  "+refs/tags/*:refs/tags/*"},
                 dir);
  }
  session.must({"checkout", "--quiet", "--detach", commit}, dir);
  if (fs::exists(dir / ".gitmodules") &&
      !session.run({"submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"}, dir)
           .ok()) {
    session.must({"submodule", "--quiet", "update", "--init", "--recursive"}, dir);
  }
  const auto is_git = [](const fs::path& path) { return path.filename() == ".git"; };
  for (const fs::path& path : walk(dir)) {
    if (is_git(path)) remove_tree(dir / path);
  }
}

}  // namespace halcyon
