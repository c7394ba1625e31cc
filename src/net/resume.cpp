#include "net/resume.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace halcyon {

namespace {

/// Between two failures so much makes a difference: a connection that breaks again and again is
/// used as long as it brings something.
constexpr std::uint64_t kMuch = 1U << 20U;

constexpr long kPartial = 206;
constexpr long kWrongCondition = 412;
constexpr long kWrongRange = 416;

Error changed() {
  Error error("http::changed", "The file was replaced while it was being downloaded");
  error.fix("Try again");
  return error;
}

/// Passes on every byte once, however often it comes.
class ResumedSink : public Sink {
 public:
  explicit ResumedSink(Sink& sink) : sink_(sink) {}

  bool write(Bytes bytes) override {
    const std::uint64_t known = std::min<std::uint64_t>(bytes.size(), passed_ - at_);
    at_ += bytes.size();
    if (known == bytes.size()) return true;
    passed_ = at_;
    return sink_.write(bytes.subspan(known));
  }
  /// How many bytes the sink has had.
  std::uint64_t passed() const { return passed_; }
  /// The next byte to come is this one.
  void expect(std::uint64_t at) { at_ = at; }

 private:
  Sink& sink_;
  std::uint64_t passed_ = 0;
  std::uint64_t at_ = 0;
};

class Download {
 public:
  Download(Retry& retry, const Ask& ask, Sink& sink, const ByteRange& range)
      : retry_(retry), ask_(ask), sink_(sink), range_(range) {}

  HttpResponse run() {
    for (;;) {
      const std::uint64_t before = sink_.passed();
      try {
        HttpResponse response = once();
        if (!is_transient(response) || !retry_.again(retry_after(response))) return response;
      } catch (const Error& error) {
        if (sink_.passed() >= before + kMuch) retry_.progress();
        const bool resumable = sink_.passed() == 0 || is_strong();
        if (!is_transient(error) || !resumable || !retry_.again()) throw;
      }
    }
  }

 private:
  /// Weak tags do not promise the same bytes.
  bool is_strong() const { return first_ && first_->header("etag").starts_with('"'); }

  HttpResponse once() {
    HttpHeaders more;
    const bool resumes = sink_.passed() > 0;
    const std::uint64_t from = range_.first + sink_.passed();
    if (resumes || !range_.is_all()) {
      const std::string last = range_.last ? std::to_string(*range_.last) : "";
      more.emplace_back("range", fmt::format("bytes={}-{}", from, last));
    }
    const std::string& etag = resumes ? first_->header("etag") : range_.etag;
    if (!etag.empty()) more.emplace_back("if-match", etag);
    HttpResponse response = ask_(
        more, [this, from](const HttpResponse& head) { begin(head, from); }, sink_);
    if (!etag.empty() && response.status == kWrongCondition) throw changed();
    // None left: the length that was announced was wrong, or the connection broke at the very end.
    if (resumes && (response.status == kWrongRange || response.status / 100 == 2)) {
      first_->status = 200;
      return *first_;
    }
    return response;
  }

  void begin(const HttpResponse& head, std::uint64_t from) {
    if (first_ && sink_.passed() > 0 && head.header("etag") != first_->header("etag")) {
      throw changed();
    }
    std::uint64_t at = 0;  // of a whole file
    if (head.status == kPartial) at = content_range(head).value_or(ContentRange{from + 1}).first;
    if (at > from || at < range_.first) {
      throw Error("http::truncated", "The server left out a part of the file")
          .why(fmt::format("It sent '{}' when asked for byte {} on", head.header("content-range"),
                           from));
    }
    if (sink_.passed() == 0) first_ = head;
    sink_.expect(at - range_.first);
  }

  Retry& retry_;
  const Ask& ask_;
  ResumedSink sink_;
  const ByteRange range_;
  std::optional<HttpResponse> first_;
};

}  // namespace

std::optional<ContentRange> content_range(const HttpResponse& response) {
  std::string_view text = response.header("content-range");
  constexpr std::string_view unit = "bytes ";
  if (!text.starts_with(unit)) return {};
  text.remove_prefix(unit.size());
  const auto first = parse_number(text.substr(0, text.find('-')));
  if (!first) return {};
  const std::size_t slash = text.find('/');
  const auto total =
      slash == std::string_view::npos ? std::nullopt : parse_number(text.substr(slash + 1));
  return ContentRange{*first, total.value_or(0)};
}

HttpResponse get_resumed(Retry& retry, const Ask& ask, Sink& sink, const ByteRange& range) {
  return Download(retry, ask, sink, range).run();
}

}  // namespace halcyon
