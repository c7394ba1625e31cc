#include "layers/tag.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace halcyon {

Tag::Tag(std::string_view tier, std::string_view contents, std::string_view os,
         std::string_view root) {
  add("tier", tier).add("contents", contents).add("os", os).add("root", root);
}

Tag& Tag::add(std::string_view name, std::string_view value) {
  if (value.find_first_of("\r\n") != std::string_view::npos || !get(name).empty()) {
    throw Error("tag::malformed", "Cannot put the field '" + std::string(name) + "' in a tag")
        .why("Its value spans several lines, or it is there already");
  }
  fields_.emplace_back(name, value);
  return *this;
}

std::string Tag::get(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (field == name) return value;
  }
  return {};
}

std::string Tag::text() const {
  std::string text;
  for (const auto& [name, value] : fields_) text.append(name).append(": ").append(value) += '\n';
  return text;
}

std::string Tag::line() const {
  std::string line;
  for (const auto& [name, value] : fields_) {
    line += (line.empty() ? "" : "\t") + name + ": " + value;
  }
  return line;
}

Tag Tag::parse(std::string_view text, const std::string& origin) {
  Tag tag;
  for (const std::string& line : lines(text)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos || colon == 0) {
      throw Error("tag::malformed", "Cannot read the tag " + origin)
          .why("Unexpected line: " + line.substr(0, 200));
    }
    tag.add(line.substr(0, colon), line.substr(colon + 2));
  }
  return tag;
}

bool Tag::matches_except(const Tag& other, const std::vector<std::string_view>& names) const {
  return std::equal(fields_.begin(), fields_.end(), other.fields_.begin(), other.fields_.end(),
                    [&names](const auto& a, const auto& b) {
                      if (a.first != b.first) return false;
                      return a.second == b.second ||
                             std::find(names.begin(), names.end(), a.first) != names.end();
                    });
}

}  // namespace halcyon
