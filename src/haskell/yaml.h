#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace halcyon {

/// A YAML document as a tree, read by libyaml: scalars are text, whatever type they look like.
class Yaml {
 public:
  enum class Kind { scalar, list, map };

  /// Parses the first document of a text; an empty text is an empty scalar. `origin` names it in
  /// errors: "yaml::malformed" with the line, also for a text over 16 MB, a key that is no scalar
  /// or there twice, nesting deeper than 64, and aliases that make more than a million nodes.
  static Yaml parse(std::string_view text, const std::string& origin);

  Kind kind() const { return kind_; }
  std::size_t line() const { return line_; }                 ///< where it starts, from 1
  const std::string& text() const { return text_; }          ///< of a scalar; empty for others
  const std::vector<Yaml>& items() const { return items_; }  ///< of a list; empty for others
  /// Of a map, in the order of the text; empty for others.
  const std::vector<std::pair<std::string, Yaml>>& entries() const { return entries_; }
  const Yaml* find(std::string_view key) const;  ///< in a map; nullptr if it is not there
  bool is_null() const;                          ///< nothing was written, or `null`, or `~`
  bool is_true() const;                          ///< `true`, `yes` or `on`

 private:
  friend class YamlReader;
  Kind kind_ = Kind::scalar;
  bool quoted_ = false;
  std::size_t line_ = 1;
  std::string text_;
  std::vector<Yaml> items_;
  std::vector<std::pair<std::string, Yaml>> entries_;
};

}  // namespace halcyon
