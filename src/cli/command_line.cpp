#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr const char* see_help = "See halcyon --help";

constexpr CommandInfo commands[] = {
    {"deploy", "[APP] [OPTION...]", "restore or build all that an app needs, and install it",
     "Restores or builds the layers of an app, cheapest first, and installs the app to its prefix. "
     "APP is the directory of its source (the current one if it is left out), a label that the "
     "package server has (name-version, or a name alone for its newest version), or a git URL with "
     "an optional #branch. Where there is no app, or with --no-app, only the GHC and Cabal layers "
     "are made, and kept. `install` is another name for it.",
     1, true, false},
    {"build", "[APP] [OPTION...]", "build all that an app needs, and upload it to storage",
     "Makes the same layers as deploy, allowed to build whatever is missing, archives and uploads "
     "each as soon as it is done, and installs nothing. On a one-off dyno the app is the one in "
     "the slug. With --no-app it makes the GHC and Cabal layers only.",
     1, true, false},
    {"restore", "[APP] [OPTION...]", "restore all layers of an app, to work with GHC and cabal",
     "Restores all layers of an app, so that GHCi and `cabal repl` work, and tells how to set the "
     "paths. Nothing is built unless --no-build=0 and --no-build-dependencies=0 allow it. On a "
     "one-off dyno the app is the one in the slug.",
     1, true, false},
    {"label", "[APP] [OPTION...]", "print an app's name and version",
     "Prints the app's label, name-version, to standard output.", 1, true, false},
    {"executable", "[APP] [OPTION...]", "print the name of an app's first executable",
     "Prints the name of the app's first executable to standard output.", 1, true, false},
    {"constraints", "[APP] [OPTION...]", "print the exact versions an app is built with",
     "Prints a constraints file to standard output: the app's own one in its normal form, or, "
     "where "
     "it has none, what the solver chooses now. Without the app itself (Cabal issue #1908).",
     1, true, false},
    {"paths", "", "print a shell script that sets PATH and the like",
     "Prints a script for a POSIX shell. It sets HALCYON_TOP_DIR, HALCYON_APP_DIR (to /app unless "
     "set), puts the directories below it, of the app and of its sandbox, on PATH, CPATH, "
     "LIBRARY_PATH, LD_LIBRARY_PATH and PKG_CONFIG_PATH, and sets LANG (to C.UTF-8 unless set). "
     "Sourced again, it changes nothing.",
     0, false, false},
    {"doctor", "[--json] [OPTION...]", "check everything that a deploy will need",
     "Looks at the variables, the stack, what GHC needs of the machine, disk, cache, clock and "
     "storage, and "
     "prints a line for each, with the commands that mend what is wrong. A small object is stored, "
     "read and "
     "removed again. With --json it prints {\"ok\": true, \"checks\": [{\"check\", \"health\", "
     "\"detail\", \"fix\"}]}. The exit status is 1 when a check failed.",
     0, true, false},
    {"verify", "[--json] [OPTION...]", "compare layers and archives with what was built",
     "Reads the layers on this machine and compares them with the lists of files that were taken "
     "when they were made: names, kinds, modes, sizes, contents. Reads the archives in the cache "
     "and compares them with their manifests; compares the size and the SHA-256 that storage tells "
     "of each archive in it with its manifest, without downloading it. Where there are "
     "HALCYON_TRUSTED_KEYS, the signatures of all of them. Prints a line for each, with the "
     "commands that mend what is wrong, or JSON as doctor does. Changes nothing. The exit status "
     "is 1 when something is wrong.",
     0, true, false},
    {"keys", "create|show [OPTION...]", "make and show the keys that sign archives",
     "`keys create` prints a new pair of keys, and the commands that set them. `keys show` prints "
     "the public key that belongs to HALCYON_SIGNING_KEY. See docs/signing.md.",
     1, true, false},
    {"s3", "list|download|upload|copy|delete|create|check ARGUMENT... [OPTION...]",
     "look into S3 buckets, and change them",
     "`s3 list BUCKET [PREFIX]` prints the keys of the objects, one on a line. `s3 download BUCKET "
     "OBJECT FILE` and `s3 upload FILE BUCKET OBJECT [ACL]` transfer one object, `s3 copy BUCKET "
     "OBJECT TO_BUCKET TO_OBJECT [ACL]` copies one on the server, `s3 delete BUCKET OBJECT` "
     "removes "
     "one, `s3 check BUCKET OBJECT` tells whether it is there. `s3 create BUCKET [ACL]` makes a "
     "bucket. BUCKET may have a path after it, which all its objects are below: name/sub/path. The "
     "server is HALCYON_S3_ENDPOINT, the key HALCYON_AWS_ACCESS_KEY_ID and "
     "HALCYON_AWS_SECRET_ACCESS_KEY (without one, only what is public can be read), the ACL "
     "HALCYON_S3_ACL. The exit status is 3, 4 or 5 when the server's answer has a status of 300, "
     "400 or 500 and more. `halcyon s3_list` is the same as `halcyon s3 list`, and where `halcyon "
     "paths` has been evaluated, so is `s3_list`.",
     6, true, false},
    {"help", "[COMMAND]", "print this help, or that of a command", "Prints what --help prints.", 1,
     false, false},
    {"heroku",
     "detect BUILD_DIR | compile BUILD_DIR CACHE_DIR [ENV_DIR] | release BUILD_DIR | "
     "report BUILD_DIR CACHE_DIR [ENV_DIR] | test-compile BUILD_DIR CACHE_DIR [ENV_DIR] | "
     "test BUILD_DIR [ENV_DIR]",
     "the buildpack's hooks",
     "The buildpack's hooks; bin/detect, bin/compile and the others call it.", 4, false, true},
    {"reference", "", "print the reference page", "Prints this page.", 0, false, true},
};

std::vector<std::string> visible_commands() {
  std::vector<std::string> names;
  for (const CommandInfo& command : commands) {
    if (!command.hidden) names.emplace_back(command.name);
  }
  return names;
}

Error bad_usage(const std::string& what) { return Error("cli::bad-usage", what).fix(see_help); }

[[noreturn]] void unknown_option(const std::string& text) {
  const std::string given = text.substr(0, text.find('='));
  std::vector<std::string> known{"--help", "--version"};
  for (const Option& option : option_table()) {
    if (option.has_flag) known.push_back("--" + std::string(option.name));
  }
  Error error("cli::unknown-option", given + " is not an option");
  const std::string like = nearest(given, known);
  if (!like.empty()) error.fix("Is it " + like + "?");
  const std::size_t dashes = std::min(given.find_first_not_of('-'), given.size());
  const Option* variable_only = find_option(given.substr(dashes));
  if (variable_only != nullptr) error.fix("Set the variable " + variable_only->variable());
  throw error.fix(see_help);
}

[[noreturn]] void unknown_command(const std::string& name) {
  Error error("cli::unknown-command", name + " is not a command");
  const std::string like = nearest(name, visible_commands());
  if (!like.empty()) error.fix("Is it " + like + "?");
  throw error.fix("Commands: " + join(visible_commands(), ", "));
}

/// The words of `heroku` have a shape of their own.
void check_hook(const std::vector<std::string>& words) {
  struct Hook {
    std::string_view name;
    std::size_t least;  ///< directories
    std::size_t most;
  };
  constexpr Hook hooks[] = {{"detect", 1, 1}, {"compile", 2, 3},      {"release", 1, 1},
                            {"report", 2, 3}, {"test-compile", 2, 3}, {"test", 1, 2}};
  const bool good = std::any_of(std::begin(hooks), std::end(hooks), [&words](const Hook& hook) {
    return !words.empty() && words.front() == hook.name && words.size() > hook.least &&
           words.size() <= hook.most + 1;
  });
  if (!good) {
    throw Error("cli::bad-usage", "heroku is not called like this")
        .fix("halcyon heroku " + std::string(find_command("heroku")->usage));
  }
}

/// Leaves out options with an empty value (`--prefix=`): they are not set. Last argument first, as
/// CLI11 wants them.
std::vector<std::string> without_empty_values(const std::vector<std::string>& arguments) {
  std::vector<std::string> result;
  bool options_ended = false;
  for (const std::string& argument : arguments) {
    options_ended = options_ended || argument == "--";
    const bool empty_value = !options_ended && argument.starts_with("--") &&
                             argument.find('=') == argument.size() - 1 &&
                             find_option(argument.substr(2, argument.size() - 3)) != nullptr;
    if (!empty_value) result.insert(result.begin(), argument);
  }
  return result;
}

/// Other names of commands: "install", and "s3_list" for "s3 list".
void resolve_alias(CommandLine& line) {
  constexpr std::string_view s3 = "s3_";
  if (line.command == "install") line.command = "deploy";
  if (!line.command.starts_with(s3)) return;
  line.arguments.insert(line.arguments.begin(), line.command.substr(s3.size()));
  line.command = "s3";
}

void check(CommandLine& line) {
  if (line.version || (line.help && line.command.empty())) return;
  if (line.command.empty()) throw bad_usage("No command given");
  resolve_alias(line);
  const CommandInfo* command = find_command(line.command);
  if (command == nullptr) unknown_command(line.command);
  if (line.command == "help") {
    line.help = true;
    line.command = line.arguments.empty() ? "" : line.arguments.front();
    resolve_alias(line);
    line.arguments.clear();
    if (!line.command.empty() && find_command(line.command) == nullptr) {
      unknown_command(line.command);
    }
    return;
  }
  if (line.help) return;
  if (line.json && line.command != "doctor" && line.command != "verify") {
    throw bad_usage(line.command + " has no --json");
  }
  if (line.command == "heroku") check_hook(line.arguments);
  if (line.arguments.size() > command->max_arguments) {
    throw Error("cli::bad-usage",
                "Too many arguments for " + line.command + ": " + line.arguments.back())
        .fix("halcyon " + line.command + " " + std::string(command->usage));
  }
  if (!command->takes_options && !line.flags.empty()) {
    throw bad_usage(line.command + " takes no options, but --" + line.flags.begin()->first +
                    " is given");
  }
}

}  // namespace

std::span<const CommandInfo> command_table() { return commands; }

const CommandInfo* find_command(std::string_view name) {
  const auto* const found = std::find_if(std::begin(commands), std::end(commands),
                                         [name](const auto& c) { return c.name == name; });
  return found == std::end(commands) ? nullptr : found;
}

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  CommandLine line;
  std::vector<std::string> words;
  app.add_flag("-h,--help", line.help);
  app.add_flag("--version", line.version);
  app.add_flag("--json", line.json);
  app.add_option("words", words);
  std::map<std::string, CLI::Option*> options;
  for (const Option& option : option_table()) {
    if (!option.has_flag) continue;
    const std::string name(option.name);
    options[name] = option.type == OptionType::flag ? app.add_flag("--" + name + "{1}")
                                                    : app.add_option("--" + name)->expected(1);
    options[name]->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  try {
    app.parse(without_empty_values(arguments));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    throw bad_usage(what.substr(0, what.find(':')) + " needs a value");
  } catch (const CLI::ParseError& error) {
    throw bad_usage(error.what());
  }
  for (const std::string& extra : app.remaining()) {
    if (extra != "--") unknown_option(extra);
  }
  for (const auto& [name, option] : options) {
    if (option->count() == 0) continue;
    line.flags[name] = option->results().back();
  }
  if (!words.empty()) {
    line.command = words.front();
    line.arguments.assign(words.begin() + 1, words.end());
  }
  check(line);
  return line;
}

}  // namespace halcyon
