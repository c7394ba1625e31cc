#include "deploy/key_commands.h"

#include <fmt/format.h>

#include "deploy/commands.h"
#include "deploy/run.h"

namespace halcyon {
namespace {

std::string create() {
  const SecretKey secret = SecretKey::create();
  const std::string trusted = secret.public_key().text();
  return fmt::format(
      "Secret key: {0}\n"
      "Public key: {1}\n"
      "\n"
      "Where apps are built:\n"
      "  heroku config:set HALCYON_SIGNING_KEY='{0}'\n"
      "Where what is built is used, which with Heroku is the same app:\n"
      "  heroku config:set HALCYON_TRUSTED_KEYS='{1}'\n",
      secret.text(), trusted);
}

std::string show(const Options& options) {
  const Keyring keys = keyring(options);
  if (!keys.can_sign()) {
    throw Error("keys::none", "HALCYON_SIGNING_KEY is not set")
        .fix("halcyon keys create\nmakes a pair of keys and prints how to set them");
  }
  return keys.signer().text() + "\n";
}

}  // namespace

void command_keys(const Options& options, const std::vector<std::string>& words) {
  if (words == std::vector<std::string>{"create"}) return print(create());
  if (words == std::vector<std::string>{"show"}) return print(show(options));
  throw Error("cli::bad-usage", "keys is not called like this")
      .fix("halcyon keys create\nhalcyon keys show");
}

}  // namespace halcyon
