#pragma once

#include <string>

#include "net/http.h"

namespace halcyon {

/// The text at an http(s) URL, redirects followed, 64 MiB at most. `what` names it in errors ("the
/// catalog"), `fix` says what to look at. Error "http::status" for a status other than 200, and
/// those of HttpClient::perform.
std::string fetch_text(HttpClient& http, const std::string& url, const std::string& what,
                       const std::string& fix);

}  // namespace halcyon
