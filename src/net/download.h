#pragma once

#include <filesystem>
#include <string>

#include "net/retry.h"

namespace halcyon {

/// Downloads an http(s) or file URL to a file, atomically, following redirects, resumed where the
/// connection breaks; returns its SHA-256. When `expected_sha256` is not empty and differs, the
/// file is not kept: Error "http::wrong-checksum". A status other than 200: Error "http::status".
/// The budget is small: a server that brings something goes on having it.
std::string download(HttpClient& http, const std::string& url, const std::filesystem::path& file,
                     const std::string& expected_sha256,
                     const RetryPolicy& policy = {.budget = std::chrono::seconds(10)});

}  // namespace halcyon
