#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace halcyon {

/// The identity of a layer: everything that decides its contents. Kept as the file `tag` in the
/// layer's top directory (user guide, "Package tiers": tier, contents, OS identifier, root path),
/// one "name: value" line each, in a fixed order. A layer whose tag does not match exactly is not
/// used.
class Tag {
 public:
  Tag() = default;
  Tag(std::string_view tier, std::string_view contents, std::string_view os, std::string_view root);
  /// Adds a field; names are unique.
  Tag& add(std::string_view name, std::string_view value);
  /// The value of a field, empty when there is none.
  std::string get(std::string_view name) const;
  std::string text() const;
  /// The text with tabs between the fields, for hooks.
  std::string line() const;
  /// Reads a tag's text; raises Error "tag::malformed". `origin` names the file.
  static Tag parse(std::string_view text, const std::string& origin);
  /// Equal but for the values of the named fields.
  bool matches_except(const Tag& other, const std::vector<std::string_view>& names) const;
  bool operator==(const Tag&) const = default;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace halcyon
