#include "layers/sandbox_index.h"

#include <unordered_map>

#include "archive/codec.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace halcyon {
namespace {

constexpr std::uint64_t most_text = 64U << 20U;
constexpr std::string_view first_line = "halcyon sandbox index 1\n";

/// Takes the first line, without its end, from a text that is not empty.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string unpacked(std::string_view packed, const std::string& origin) {
  try {
    StringSource source(packed);
    const auto decoder = make_decoder(source, 1);
    StringSink text(most_text);
    std::vector<std::byte> buffer(256U << 10U);
    while (const std::size_t count = decoder->read(buffer)) {
      text.write(std::span(buffer).first(count));
    }
    return std::move(text.text);
  } catch (const Error& error) {
    throw Error("sandbox-index::malformed", "Cannot read " + origin).why(error.what());
  }
}

/// What a line of required constraints means for a sandbox that has it.
enum class Line { package, optional, needed };

/// The lines that a sandbox may have, and how many of them it must have; see halcyon::score.
class Required {
 public:
  explicit Required(const Constraints& constraints) {
    Constraints packages = constraints;
    packages.installed.clear();
    packages.qualified.clear();
    packages.settings.clear();
    add(packages.normalised(), Line::package);
    for (const std::string& name : constraints.installed) add(name + " installed", Line::optional);
    for (const std::string& line : constraints.qualified) add(line, Line::needed);
    for (const std::string& line : constraints.settings) {
      add(line, line == tests_setting ? Line::optional : Line::needed);
    }
  }

  /// The number of packages of a sandbox that has what it must and only what it may; else 0.
  std::size_t score(std::string_view normalised) const {
    std::size_t packages = 0;
    std::size_t needed = 0;
    while (!normalised.empty()) {
      const auto known = lines_.find(next_line(normalised));
      if (known == lines_.end()) return 0;
      packages += known->second == Line::package ? 1U : 0U;
      needed += known->second == Line::needed ? 1U : 0U;
    }
    return needed == needed_ ? packages : 0;
  }

 private:
  void add(const std::string& text, Line meaning) {
    for (std::string& line : lines(text)) {
      needed_ += meaning == Line::needed ? 1U : 0U;
      lines_.emplace(std::move(line), meaning);
    }
  }

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, Line, Hash, std::equal_to<>> lines_;
  std::size_t needed_ = 0;
};

[[noreturn]] void malformed(const std::string& origin, std::string_view line) {
  throw Error("sandbox-index::malformed", "Cannot read " + origin)
      .why("Unexpected line: " + std::string(line.substr(0, 200)));
}

}  // namespace

SandboxIndex SandboxIndex::parse(std::string_view packed, const std::string& origin) {
  const std::string text = unpacked(packed, origin);
  std::string_view rest = text;
  if (!rest.starts_with(first_line)) malformed(origin, next_line(rest));
  rest.remove_prefix(first_line.size());
  SandboxIndex index;
  Entry* entry = nullptr;
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    if (line.starts_with(' ')) {
      if (entry == nullptr) malformed(origin, line);
      entry->normalised.append(line.substr(1)) += '\n';
      continue;
    }
    const std::size_t space = line.find(' ');
    if (space == 0 || space == std::string_view::npos) malformed(origin, line);
    entry = &index.entries_[std::string(line.substr(0, space))];
    *entry = {std::string(line.substr(space + 1)), {}};
  }
  return index;
}

std::string SandboxIndex::pack() const {
  std::string text(first_line);
  for (const auto& [name, entry] : entries_) {
    const std::size_t before = text.size();
    text.append(name).append(" ").append(entry.kind) += '\n';
    std::string_view rest = entry.normalised;
    while (!rest.empty()) text.append(" ").append(next_line(rest)) += '\n';
    if (text.size() <= most_text) continue;
    text.resize(before);
    break;
  }
  StringSink packed;
  const auto encoder = make_encoder(Format::zstd, packed, 1);
  encoder->write(std::as_bytes(std::span(text)));
  encoder->finish();
  return std::move(packed.text);
}

std::string SandboxIndex::kind_of(const Tag& tag) {
  std::string text;
  for (const std::string& line : lines(tag.text())) {
    if (!line.starts_with("contents: ")) text += line + "\n";
  }
  return sha1(text);
}

void SandboxIndex::set(const std::string& name, const std::string& kind,
                       const std::string& normalised) {
  entries_[name] = {kind, normalised};
}

void SandboxIndex::keep_if(const std::function<bool(const std::string& name)>& wanted) {
  std::erase_if(entries_, [&wanted](const auto& entry) { return !wanted(entry.first); });
}

std::vector<std::string> SandboxIndex::with_digest(const std::string& digest) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (without_archive_suffix(name).ends_with("-" + digest)) names.push_back(name);
  }
  return names;
}

std::vector<SandboxIndex::Match> SandboxIndex::subsets(const Constraints& required,
                                                       const std::string& kind) const {
  const Required lines(required);
  std::vector<Match> found;
  for (const auto& [name, entry] : entries_) {
    if (entry.kind != kind) continue;
    const std::size_t score = lines.score(entry.normalised);
    if (score == 0 || name.find("-" + sha1(entry.normalised) + ".") == std::string::npos) continue;
    found.push_back({name, score});
  }
  return found;
}

}  // namespace halcyon
