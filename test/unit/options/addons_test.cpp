#include "options/addons.h"

#include <catch2/catch.hpp>

#include "base/log.h"
#include "options/options.h"

namespace halcyon {
namespace {

const Environment bucketeer{{"BUCKETEER_AWS_ACCESS_KEY_ID", "their-key"},
                            {"BUCKETEER_AWS_SECRET_ACCESS_KEY", "their-secret"},
                            {"BUCKETEER_AWS_REGION", "eu-west-1"},
                            {"BUCKETEER_BUCKET_NAME", "bucketeer-1"}};

Environment with(const Environment& more) {
  Environment all = bucketeer;
  all.insert(more.begin(), more.end());
  return all;
}

TEST_CASE("addons: Bucketeer's bucket is the storage where no other was chosen") {
  const Options options({}, bucketeer);
  CHECK(options.has_addon_storage());
  CHECK(options.inherited().has_addon_storage());
  CHECK(options.get("s3-bucket") == "bucketeer-1");
  CHECK(options.get("aws-access-key-id") == "their-key");
  CHECK(options.get("aws-secret-access-key") == "their-secret");
  CHECK(options.get("s3-endpoint") == "s3.eu-west-1.amazonaws.com");
  CHECK(log::redact("their-secret") == "(secret)");
  const Options path({{"s3-bucket", "bucketeer-1/halcyon"}}, bucketeer);
  CHECK(path.get("s3-bucket") == "bucketeer-1/halcyon");
  CHECK(path.get("aws-access-key-id") == "their-key");
  for (const auto& [name, value] : bucketeer) CHECK(is_addon_variable(name));
  CHECK_FALSE(is_addon_variable("AWS_ACCESS_KEY_ID"));
}

TEST_CASE("addons: their key goes to their bucket at AWS only, and not half of it") {
  for (const Environment& chosen :
       {Environment{{"HALCYON_AWS_ACCESS_KEY_ID", "mine"}},
        Environment{{"HALCYON_S3_BUCKET", "bucketeer-10"}},
        Environment{{"HALCYON_STORAGE_DIR", "/srv"}},
        Environment{{"HALCYON_S3_ENDPOINT", "https://s3.example.com"}},
        Environment{{"HALCYON_S3_ENDPOINT", "https://amazonaws.com.example.com"}}}) {
    const Options options({}, with(chosen));
    CHECK_FALSE(options.has_addon_storage());
    CHECK(options.get("aws-secret-access-key").empty());
  }
  Environment half = bucketeer;
  half.erase("BUCKETEER_AWS_SECRET_ACCESS_KEY");
  CHECK_FALSE(Options({}, half).is_set("s3-bucket"));
}

TEST_CASE("addons: what AWS tools read from the environment is nobody's business here") {
  const Options options({}, {{"AWS_ACCESS_KEY_ID", "k"},
                             {"AWS_SECRET_ACCESS_KEY", "s"},
                             {"HALCYON_S3_BUCKET", "bucket"}});
  CHECK_FALSE(options.is_set("aws-access-key-id"));
  CHECK_FALSE(options.is_set("aws-secret-access-key"));
}

}  // namespace
}  // namespace halcyon
