#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/storage.h"

/// Listings of the S3 API ("ListObjectsV2"), signed or not.
namespace halcyon {

/// The query that asks for one page: keys that start with `prefix`, from `token` on (empty: from
/// the first), `most` of them.
std::vector<std::pair<std::string, std::string>> listing_query(const std::string& prefix,
                                                               const std::string& token, int most);

/// Follows a listing. `fetch` gets the XML of the page that a token names. The keys are those that
/// start with `prefix` and have the form of a key once their first `cut` bytes are gone; sorted.
/// Nothing when a page is no listing, or when the pages lead in circles.
std::optional<Listing> read_listing(
    const std::string& prefix, std::size_t cut, Pages pages,
    const std::function<std::string(const std::string& token)>& fetch);

}  // namespace halcyon
