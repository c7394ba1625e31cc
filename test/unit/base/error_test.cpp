#include "base/error.h"

#include <catch2/catch.hpp>
#include <cerrno>

using namespace halcyon;

TEST_CASE("an error tells what, why and how to mend it", "[base]") {
  const Error error = Error("s3::no-such-bucket", "Bucket 'x' does not exist")
                          .why("The server answered 404")
                          .why("")
                          .why("NoSuchBucket")
                          .fix("first")
                          .fix("second")
                          .exit(Exit::build_needed);
  CHECK(error.id() == "s3::no-such-bucket");
  CHECK(std::string(error.what()) == "Bucket 'x' does not exist");
  CHECK(error.why() == "The server answered 404\nNoSuchBucket");
  CHECK(error.fix() == "first\nsecond");
  CHECK(error.exit() == Exit::build_needed);
  CHECK(Error("a::b", "c").exit() == Exit::failed);
}

TEST_CASE("failed system calls are told apart", "[base]") {
  CHECK(system_error("Cannot write x", ENOSPC).id() == "disk::full");
  CHECK(system_error("Cannot write x", EDQUOT).id() == "disk::full");
  CHECK(system_error("Cannot write x", EROFS).id() == "disk::forbidden");
  CHECK(system_error("Cannot write x", EACCES).id() == "disk::forbidden");
  CHECK(system_error("Cannot start x", EAGAIN).id() == "system::no-process");
  const Error other = system_error("Cannot write x", EIO);
  CHECK(other.id() == "disk::failed");
  CHECK(std::string(other.what()) == "Cannot write x");
  CHECK(other.why() == "Input/output error");
  CHECK(system_error("Cannot write x", ENOSPC).fix().find("space") != std::string::npos);
}
