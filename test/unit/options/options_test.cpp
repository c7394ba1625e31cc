#include "options/options.h"

#include <catch2/catch.hpp>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

using namespace halcyon;

namespace {

using Flags = std::map<std::string, std::string>;

/// What the log says while an Options is made.
std::string said(const Flags& flags, const Environment& environment) {
  std::string text;
  log::capture(&text);
  const Options options(flags, environment);
  log::capture(nullptr);
  return text;
}

Error error_of(const Flags& flags, const Environment& environment) {
  try {
    const Options options(flags, environment);
  } catch (const Error& error) {
    return error;
  }
  return {"none", "no error"};
}

bool allows(std::string_view option, const std::string& value) {
  try {
    checked_value(*find_option(option), value, "x");
    return true;
  } catch (const Error& error) {
    CHECK(error.id() == "option::malformed");
    CHECK(error.fix().find("Allowed: ") == 0);
    return false;
  }
}

}  // namespace

TEST_CASE("the table holds together", "[options]") {
  std::set<std::string_view> names;
  std::size_t theirs = 0;
  for (const Option& option : option_table()) {
    INFO(option.name);
    CHECK(names.insert(option.name).second);
    CHECK(option.help.ends_with('.'));
    CHECK_FALSE(option.section.empty());
    if (!option.ours) ++theirs;
    if (option.default_value.starts_with('$')) {
      CHECK(find_option(option.default_value.substr(1)) != nullptr);
    } else {
      CHECK(checked_value(option, option.default_value, "default") == option.default_value);
    }
    if (option.type == OptionType::flag) CHECK(option.default_value == "0");
    CHECK((option.type == OptionType::choice) == !option.choices.empty());
  }
  CHECK(theirs == 54);  // the reference's 53 headings and HALCYON_RETAIN_DEPENDENCIES
  CHECK(find_option("app-dir")->variable() == "HALCYON_APP_DIR");
  CHECK(find_option("extra-apps-constraints-dir")->magic_name() == "extra-apps-constraints");
  CHECK(find_option("nope") == nullptr);
}

TEST_CASE("defaults", "[options]") {
  const Options options({}, {});
  CHECK(options.get("app-dir") == "/app");
  CHECK(options.get("prefix") == "/app");
  CHECK(options.path("cache-dir") == "/var/tmp/halcyon-cache");
  CHECK(options.get("ghc-version").empty());
  CHECK_FALSE(options.flag("no-build"));
  CHECK_FALSE(options.is_set("prefix"));
  CHECK(options.words("constraints").empty());
  CHECK_THROWS_AS(options.get("nope"), std::logic_error);
}

TEST_CASE("a flag beats a variable, which beats a default", "[options]") {
  Options options({{"app-dir", "/flag"}},
                  {{"HALCYON_APP_DIR", "/variable"}, {"HALCYON_S3_BUCKET", "my-bucket"}});
  options.set_default("app-dir", "/default");
  options.set_default("s3-bucket", "default-bucket");
  options.set_default("no-build-dependencies", "1");
  CHECK(options.get("app-dir") == "/flag");
  CHECK(options.get("prefix") == "/flag");
  CHECK(options.get("s3-bucket") == "my-bucket");
  CHECK(options.flag("no-build-dependencies"));
  options.set("s3-bucket", "set-bucket");
  CHECK(options.get("s3-bucket") == "set-bucket");
  CHECK_FALSE(Options({{"no-build", "0"}}, {{"HALCYON_NO_BUILD", "1"}}).flag("no-build"));
}

TEST_CASE("an empty value is not set", "[options]") {
  const Options options({{"prefix", ""}}, {{"HALCYON_PREFIX", "/x"}, {"HALCYON_S3_ACL", " \n"}});
  CHECK(options.get("prefix") == "/x");
  CHECK_FALSE(options.is_set("s3-acl"));
  CHECK(options.get("s3-acl") == "private");
}

TEST_CASE("white space at the end of a pasted value", "[options]") {
  const Options options(
      {}, {{"HALCYON_AWS_SECRET_ACCESS_KEY", "wJalr/XUtn+FEMI\r\n"}, {"HALCYON_NO_BUILD", "1\n"}});
  CHECK(options.get("aws-secret-access-key") == "wJalr/XUtn+FEMI");
  CHECK(options.flag("no-build"));
}

TEST_CASE("directories become absolute", "[options]") {
  const Options options({{"cache-dir", "some/../cache/"}, {"root", "/"}, {"prefix", "/"}}, {});
  CHECK(options.path("cache-dir") == fs::current_path() / "cache");
  CHECK(options.get("root") == "/");
  CHECK(options.get("prefix") == "/");
  for (const char* name : {"app-dir", "cache-dir", "storage-dir"}) {
    for (const char* value : {"/", "//", "/a/..", "/.", "/a\nb"}) CHECK_FALSE(allows(name, value));
    CHECK_FALSE(allows(name, std::string("/a\0b", 4)));
  }
}

TEST_CASE("what each type allows", "[options]") {
  for (const char* value : {"yes", "true", "2", "-1", "01", "0 1"}) {
    CHECK_FALSE(allows("no-build", value));
  }
  CHECK(allows("ghc-version", "9.0.2"));
  for (const char* value : {"ghc-9.0.2", "9.x", "9..2", "9.0.2 "}) {
    CHECK(allows("ghc-version", value) == (std::string(value) == "9.0.2 "));
  }
  CHECK(allows("s3-acl", "public-read"));
  CHECK_FALSE(allows("s3-acl", "public"));
  CHECK_FALSE(allows("s3-acl", "private|public-read"));
  for (const char* value : {"abc", "my-bucket.eu", "my-bucket/sub/path", "1-2"}) {
    CHECK(allows("s3-bucket", value));
  }
  for (const char* value : {"ab", "My-Bucket", "-abc", "abc-", "a..b", "a_b_c", "s3://abc", "abc/",
                            "abc//d", "abc/../d", "a b c", "abc/d e"}) {
    INFO(value);
    CHECK_FALSE(allows("s3-bucket", value));
  }
  CHECK_FALSE(allows("s3-bucket", std::string(64, 'a')));
  for (const char* value : {"s3.eu-west-1.amazonaws.com", "localhost:8000", "127.0.0.1:9000",
                            "http://localhost:8000", "https://s3.example.org/"}) {
    INFO(value);
    CHECK(allows("s3-endpoint", value));
  }
  for (const char* value : {"localhost:0", "localhost:99999", "localhost:", "ftp://x", "http://",
                            "a/b", "http://a/b", "a b", ":80", "http://user@host"}) {
    INFO(value);
    CHECK_FALSE(allows("s3-endpoint", value));
  }
  CHECK(allows("cabal-repo", "Hackage:http://hackage.haskell.org/packages/archive"));
  CHECK(allows("cabal-repo", "local:file:///srv/hackage"));
  for (const char* value : {"hackage", "https://hackage.haskell.org/", ":http://x", "a:ftp://x",
                            "a b:http://x", "a:http://x y"}) {
    INFO(value);
    CHECK_FALSE(allows("cabal-repo", value));
  }
  CHECK(allows("catalog", "https://example.org/catalog.json"));
  CHECK(checked_value(*find_option("catalog"), "https://example.org/c.json", "x") ==
        "https://example.org/c.json");
  CHECK(checked_value(*find_option("catalog"), "c.json", "x") ==
        (fs::current_path() / "c.json").string());
  CHECK_FALSE(allows("catalog", "ftp://example.org/c.json"));
  CHECK_FALSE(allows("aws-access-key-id", "two words"));
}

TEST_CASE("a malformed value: where it was set, and what is allowed", "[options]") {
  const Error variable = error_of({}, {{"HALCYON_NO_BUILD", "yes"}});
  CHECK(variable.id() == "option::malformed");
  CHECK(std::string(variable.what()) == "HALCYON_NO_BUILD cannot be 'yes'");
  CHECK(variable.fix() == "Allowed: 0 or 1");
  const Error flag = error_of({{"s3-acl", "x\x1b[31m"}}, {});
  CHECK(std::string(flag.what()) == "--s3-acl cannot be 'x?[31m'");
  CHECK(flag.fix() == "Allowed: private or public-read");
}

TEST_CASE("a secret is never shown", "[options]") {
  const Error error = error_of({}, {{"HALCYON_AWS_SECRET_ACCESS_KEY", "top secret"}});
  CHECK(error.id() == "option::malformed");
  CHECK(std::string(error.what()).find("secret ") == std::string::npos);
  CHECK(error.why().find("top") == std::string::npos);
  const Options options({}, {{"HALCYON_AWS_SESSION_TOKEN", "options-test-token"}});
  CHECK(log::redact("x options-test-token x").find("options-test-token") == std::string::npos);
}

TEST_CASE("a variable that no option has is a warning", "[options]") {
  const std::string text = said({}, {{"HALCYON_S3_BUCKT", "x"}});
  CHECK(text.find("HALCYON_S3_BUCKT") != std::string::npos);
  CHECK(text.find("Is it HALCYON_S3_BUCKET?") != std::string::npos);
  CHECK(said({}, {{"HALCYON_s3_bucket", "x"}}).find("HALCYON_s3_bucket") != std::string::npos);
  CHECK(said({}, {{"HALCYON_", "x"}}).find("HALCYON_") != std::string::npos);
  CHECK(said({}, {{"HALCYON_TOP_DIR", "/x"},
                  {"HALCYON_INTERNAL_X", "1"},
                  {"HALCYON_TEST_X", "1"},
                  {"PATH", "/bin"},
                  {"HALCYON", "x"}})
            .empty());
}

TEST_CASE("magic files", "[options]") {
  TempDir dir(fs::temp_directory_path());
  Options options({}, {});
  options.read_magic(dir.path());
  const fs::path magic = dir.path() / ".halcyon-magic";
  write_file(magic / "extra-aps", "alex\n");
  std::string text;
  log::capture(&text);
  options.read_magic(dir.path());
  log::capture(nullptr);
  CHECK(text.find("Is it .halcyon-magic/extra-apps?") != std::string::npos);
  write_file(magic / "extra-apps", "\n");  // empty: not set
  options.read_magic(dir.path());
  CHECK_FALSE(options.is_set("extra-apps"));
  write_file(magic / "app-extra-copy", "build\n");
  write_file(magic / "ghc-pre-build-hook", "#!/bin/sh\n");
  options.read_magic(dir.path());
  CHECK(options.get("app-extra-copy") == "build");
  CHECK(options.path("ghc-pre-build-hook") == magic / "ghc-pre-build-hook");
  options.set("app-extra-copy", "source");
  CHECK(options.get("app-extra-copy") == "source");
}

TEST_CASE("the nearest name", "[options]") {
  const std::vector<std::string> names{"deploy", "build", "label"};
  CHECK(nearest("depoly", names) == "deploy");
  CHECK(nearest("biuld", names) == "build");
  CHECK(nearest("labels", names) == "label");
  CHECK(nearest("xyzzy", names).empty());
  CHECK(nearest("", names).empty());
  CHECK(nearest(std::string(1'000'000, 'd'), names).empty());
}
