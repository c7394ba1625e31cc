#include "store/s3_listing.h"

#include <algorithm>

#include "store/s3_xml.h"

namespace halcyon {

namespace {

constexpr int kMostPages = 10'000;

}  // namespace

std::vector<std::pair<std::string, std::string>> listing_query(const std::string& prefix,
                                                               const std::string& token, int most) {
  std::vector<std::pair<std::string, std::string>> query = {{"list-type", "2"},
                                                            {"encoding-type", "url"},
                                                            {"max-keys", std::to_string(most)},
                                                            {"prefix", prefix}};
  if (!token.empty()) query.emplace_back("continuation-token", token);
  return query;
}

std::optional<Listing> read_listing(
    const std::string& prefix, std::size_t cut, Pages pages,
    const std::function<std::string(const std::string& token)>& fetch) {
  Listing found;
  std::string token;
  for (int count = 1;; ++count) {
    std::optional<S3Page> page = parse_s3_page(fetch(token));
    const bool stuck =
        page && page->truncated &&
        (page->next_token.empty() || page->next_token == token || count == kMostPages);
    if (!page || stuck) return {};
    for (ObjectInfo& object : page->objects) {
      if (!object.key.starts_with(prefix)) continue;
      object.key.erase(0, cut);
      // Others may keep what they like in the bucket; "directories" that consoles make, too.
      if (is_key(object.key)) found.objects.push_back(std::move(object));
    }
    found.has_more = page->truncated;
    if (!page->truncated || pages == Pages::first) break;
    token = page->next_token;
  }
  std::sort(found.objects.begin(), found.objects.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
  return found;
}

}  // namespace halcyon
