#include <catch2/catch.hpp>

#include "base/files.h"
#include "base/text.h"
#include "cli/command_line.h"

using namespace halcyon;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("--help names every option and every command, within 100 columns", "[cli]") {
  const std::string text = help_text("");
  for (const Option& option : option_table()) {
    INFO(option.name);
    CHECK(has(text, option.has_flag ? "--" + std::string(option.name) : option.variable()));
  }
  for (const CommandInfo& command : command_table()) {
    CHECK(has(text, "\n  " + std::string(command.name) + " ") != command.hidden);
  }
  for (const std::string& line : lines(text)) {
    INFO(line);
    CHECK(line.size() <= 100);
    CHECK_FALSE(line.ends_with(' '));
  }
  CHECK(has(text, "--prefix=DIR"));
  CHECK(has(text, "[that of --app-dir]"));
  CHECK(has(join(words(text), " "), "(private or public-read) [private]"));
}

TEST_CASE("the help of a command", "[cli]") {
  CHECK(help_text("build").starts_with("halcyon build [APP] [OPTION...]\n\nMakes"));
  CHECK(has(help_text("deploy"), "halcyon --help"));
  CHECK_FALSE(has(help_text("paths"), "OPTION"));
}

TEST_CASE("docs/reference.md is what the tables say", "[cli]") {
  const fs::path source = fs::path(__FILE__).parent_path() / ".." / ".." / "..";
  CHECK(read_file(source / "docs" / "reference.md") == reference_page());
}

TEST_CASE("the reference page", "[cli]") {
  const std::string page = reference_page();
  for (const Option& option : option_table()) {
    INFO(option.name);
    CHECK(has(page, "\n### `" + option.variable() + "`\n"));
    if (option.magic) CHECK(has(page, "`.halcyon-magic/" + option.magic_name() + "`"));
  }
  CHECK(has(page, "## Internal commands\n\n### `heroku`"));
  CHECK(has(page, "&lt;name>"));
}
