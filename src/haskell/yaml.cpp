#include "haskell/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr std::size_t max_size = 16U << 20U;
constexpr std::size_t max_depth = 64;
constexpr std::size_t max_nodes = 1'000'000;

/// An event of the parser, freed at the end.
class Event {
 public:
  explicit Event(yaml_event_t event) : event_(event) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }
  const yaml_event_t& operator*() const { return event_; }
  const yaml_event_t* operator->() const { return &event_; }
  std::size_t line() const { return event_.start_mark.line + 1; }

 private:
  yaml_event_t event_;
};

std::string text_of(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

std::size_t count_nodes(const Yaml& node) {
  std::size_t count = 1;
  for (const Yaml& item : node.items()) count += count_nodes(item);
  for (const auto& entry : node.entries()) count += count_nodes(entry.second);
  return count;
}

}  // namespace

class YamlReader {
 public:
  YamlReader(std::string_view text, const std::string& origin) : origin_(origin) {
    if (text.size() > max_size) malformed(1, "it is larger than " + format_size(max_size));
    if (yaml_parser_initialize(&parser_) == 0) malformed(1, "there is no memory to read it");
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  YamlReader(const YamlReader&) = delete;
  YamlReader& operator=(const YamlReader&) = delete;
  ~YamlReader() { yaml_parser_delete(&parser_); }

  Yaml document() {
    for (;;) {
      const Event event(next());
      if (event->type == YAML_STREAM_END_EVENT) return {};
      if (event->type == YAML_DOCUMENT_START_EVENT) break;
    }
    const Event first(next());
    return node(first, 0);
  }

 private:
  [[noreturn]] void malformed(std::size_t line, const std::string& why) const {
    throw Error("yaml::malformed", origin_ + " is malformed")
        .why(fmt::format("line {}: {}", line, why));
  }

  yaml_event_t next() {
    yaml_event_t event;
    if (yaml_parser_parse(&parser_, &event) == 0) {
      const bool placed = parser_.error != YAML_READER_ERROR;
      malformed(placed ? parser_.problem_mark.line + 1 : 1,
                parser_.problem == nullptr ? "it is not YAML" : parser_.problem);
    }
    return event;
  }

  Yaml node(const Event& event, std::size_t depth) {
    if (depth > max_depth) malformed(event.line(), "it is nested too deeply");
    if (++nodes_ > max_nodes) malformed(event.line(), "it is too large");
    if (event->type == YAML_ALIAS_EVENT) return alias(event);
    Yaml result;
    result.line_ = event.line();
    std::string anchor;
    if (event->type == YAML_SEQUENCE_START_EVENT) {
      result.kind_ = Yaml::Kind::list;
      anchor = text_of(event->data.sequence_start.anchor);
      read_list(result, depth);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
      result.kind_ = Yaml::Kind::map;
      anchor = text_of(event->data.mapping_start.anchor);
      read_map(result, depth);
    } else {
      anchor = text_of(event->data.scalar.anchor);
      result.quoted_ = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
      result.text_.assign(reinterpret_cast<const char*>(event->data.scalar.value),
                          event->data.scalar.length);
    }
    if (!anchor.empty()) anchors_[anchor] = result;
    return result;
  }

  /// A copy. A node knows its own alias only when it is complete, so there is no cycle.
  Yaml alias(const Event& event) {
    const std::string name = text_of(event->data.alias.anchor);
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) malformed(event.line(), "there is no anchor " + name);
    nodes_ += count_nodes(found->second);
    if (nodes_ > max_nodes) malformed(event.line(), "it is too large");
    return found->second;
  }

  void read_list(Yaml& list, std::size_t depth) {
    for (;;) {
      const Event event(next());
      if (event->type == YAML_SEQUENCE_END_EVENT) return;
      list.items_.push_back(node(event, depth + 1));
    }
  }

  void read_map(Yaml& map, std::size_t depth) {
    std::set<std::string> keys;
    for (;;) {
      const Event event(next());
      if (event->type == YAML_MAPPING_END_EVENT) return;
      const Yaml key = node(event, depth + 1);
      if (key.kind() != Yaml::Kind::scalar) malformed(key.line(), "a key is not a word");
      if (!keys.insert(key.text()).second) {
        malformed(key.line(), "\"" + key.text() + "\" is there twice");
      }
      const Event value(next());
      map.entries_.emplace_back(key.text(), node(value, depth + 1));
    }
  }

  const std::string& origin_;
  yaml_parser_t parser_{};
  std::size_t nodes_ = 0;
  std::map<std::string, Yaml> anchors_;
};

Yaml Yaml::parse(std::string_view text, const std::string& origin) {
  return YamlReader(text, origin).document();
}

const Yaml* Yaml::find(std::string_view key) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [key](const auto& entry) { return entry.first == key; });
  return found == entries_.end() ? nullptr : &found->second;
}

bool Yaml::is_null() const {
  return kind_ == Kind::scalar && !quoted_ &&
         (text_.empty() || text_ == "~" || lower(text_) == "null");
}

bool Yaml::is_true() const {
  const std::string word = lower(text_);
  return kind_ == Kind::scalar && !quoted_ && (word == "true" || word == "yes" || word == "on");
}

}  // namespace halcyon
