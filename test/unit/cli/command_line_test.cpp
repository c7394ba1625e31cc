#include "cli/command_line.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/text.h"

using namespace halcyon;

namespace {

CommandLine parse(const std::string& line) { return parse_command_line(words(line)); }

/// "id: what; fix" of the error that a command line raises.
std::string error_of(const std::string& line) {
  try {
    parse(line);
  } catch (const Error& error) {
    return error.id() + ": " + error.what() + "; " + error.fix();
  }
  return "no error";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a command, an app, options anywhere", "[cli]") {
  for (const char* text :
       {"deploy app --no-build --prefix=/x", "--no-build deploy --prefix /x app",
        "--prefix /x --no-build=1 deploy app", "install --no-build app --prefix=/x",
        "deploy --no-build=0 --prefix=/y --prefix=/x --no-build app"}) {
    INFO(text);
    const CommandLine line = parse(text);
    CHECK(line.command == "deploy");
    CHECK(line.arguments == std::vector<std::string>{"app"});
    CHECK(line.flags == std::map<std::string, std::string>{{"no-build", "1"}, {"prefix", "/x"}});
    CHECK_FALSE(line.help);
  }
}

TEST_CASE("values of flags", "[cli]") {
  CHECK(parse("build --no-build=0").flags.at("no-build") == "0");
  CHECK(parse("build --no-build=yes").flags.at("no-build") == "yes");
  CHECK(parse("build --no-build=true").flags.at("no-build") == "true");
  CHECK(parse("build --no-build= --prefix=").flags.empty());
  CHECK(parse_command_line({"build", "--prefix=/a b=c"}).flags.at("prefix") == "/a b=c");
  CHECK(parse("build --no-build app").arguments == std::vector<std::string>{"app"});
}

TEST_CASE("-- ends options", "[cli]") {
  CHECK(parse("deploy -- --no-build").arguments == std::vector<std::string>{"--no-build"});
  CHECK(parse("deploy -- --no-build").flags.empty());
  CHECK(parse("deploy -- --prefix=").arguments == std::vector<std::string>{"--prefix="});
  CHECK(parse("deploy --").arguments.empty());
}

TEST_CASE("help and version", "[cli]") {
  for (const char* text : {"--help", "-h", "help", "--no-app --help"}) {
    INFO(text);
    CHECK(parse(text).help);
    CHECK(parse(text).command.empty());
  }
  for (const char* text : {"help build", "build --help", "build -h app --no-app"}) {
    INFO(text);
    CHECK(parse(text).help);
    CHECK(parse(text).command == "build");
  }
  CHECK(parse("help install").command == "deploy");
  CHECK(parse("--version").version);
}

TEST_CASE("the s3 commands are one word or two", "[cli]") {
  for (const char* text : {"s3 list bucket prefix", "s3_list bucket prefix",
                           "s3_list --s3-endpoint=h bucket prefix"}) {
    INFO(text);
    const CommandLine line = parse(text);
    CHECK(line.command == "s3");
    CHECK(line.arguments == std::vector<std::string>{"list", "bucket", "prefix"});
  }
  CHECK(parse("help s3_list").command == "s3");
  CHECK(parse("s3_list --help").command == "s3");
  CHECK(has(error_of("s3 copy a b c d e f"), "cli::bad-usage: Too many arguments for s3"));
}

TEST_CASE("wrong command lines", "[cli]") {
  CHECK(has(error_of("deploy --prefx=/a"), "cli::unknown-option: --prefx is not"));
  CHECK(has(error_of("deploy --prefx=/a"), "Is it --prefix?"));
  CHECK(has(error_of("deploy --nobuild"), "Is it --no-build?"));
  CHECK(has(error_of("deploy -x"), "cli::unknown-option: -x"));
  for (const char* text : {"deploy --=x", "deploy -=", "deploy --a=--b", "deploy -x-"}) {
    INFO(text);
    CHECK(error_of(text) != "no error");
  }
  CHECK(has(error_of("deploy --url=x"), "Set the variable HALCYON_URL"));
  CHECK(has(error_of("depoly"), "cli::unknown-command: depoly"));
  CHECK(has(error_of("depoly"), "Is it deploy?"));
  CHECK(has(error_of("help nope"), "cli::unknown-command: nope"));
  CHECK(has(error_of(""), "cli::bad-usage: No command"));
  CHECK(has(error_of("--no-app"), "cli::bad-usage: No command"));
  CHECK(has(error_of("deploy a b"), "cli::bad-usage: Too many arguments for deploy: b"));
  CHECK(has(error_of("deploy --prefix"), "cli::bad-usage: --prefix needs a value"));
  CHECK(has(error_of("paths x"), "cli::bad-usage"));
  CHECK(has(error_of("paths --no-app"), "cli::bad-usage: paths takes no options"));
}

TEST_CASE("the buildpack's hooks", "[cli]") {
  CHECK(parse("heroku detect /b").arguments == std::vector<std::string>{"detect", "/b"});
  CHECK(parse("heroku compile /b /c").arguments.size() == 3);
  CHECK(parse("heroku compile /b /c /e").arguments.size() == 4);
  CHECK(parse("heroku release /b").arguments.size() == 2);
  CHECK(parse("heroku report /b /c /e").arguments.size() == 4);
  CHECK(parse("heroku test-compile /b /c /e").arguments.size() == 4);
  CHECK(parse("heroku test /b /e").arguments.size() == 3);
  for (const char* text :
       {"heroku", "heroku detect", "heroku compile /b", "heroku compile a b c d", "heroku release",
        "heroku release a b", "heroku test", "heroku test a b c", "heroku report /b",
        "heroku nope /b", "heroku detect /b --no-app"}) {
    INFO(text);
    CHECK(has(error_of(text), "cli::bad-usage"));
  }
}
