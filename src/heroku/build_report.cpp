#include "heroku/build_report.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "base/version.h"

namespace halcyon {
namespace {

constexpr std::size_t longest_value = 200;  // as Heroku's own buildpacks cut them

/// In double quotes, as YAML and JSON read it: one line of printable text.
std::string quoted(const std::string& value) {
  std::string text = log::redact(value);
  if (text.size() > longest_value) {
    std::size_t end = longest_value;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
    text = text.substr(0, end) + "…";
  }
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') result += '\\';
    result += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return result + "\"";
}

}  // namespace

BuildReport::BuildReport(fs::path file) : file_(std::move(file)) {
  facts_["halcyon_version"] = quoted(std::string(kVersion));
  facts_["result"] = quoted("unfinished");
  write();
}

void BuildReport::text(const std::string& name, const std::string& value) {
  facts_[name] = quoted(value);
  write();
}

void BuildReport::number(const std::string& name, std::uint64_t value) {
  facts_[name] = std::to_string(value);
  write();
}

void BuildReport::seconds(const std::string& name, std::chrono::milliseconds value) {
  facts_[name] = fmt::format("{:.1f}", static_cast<double>(value.count()) / 1000);
  write();
}

void BuildReport::layer(const LayerEvent& event) {
  if (event.took) {
    text(event.layer + "_layer", std::string(to_string(event.means)));
    seconds(event.layer + "_seconds", *event.took);
  } else {
    step("layer " + event.layer);
  }
}

void BuildReport::finish(const std::string& result) {
  facts_.erase("step");
  facts_["result"] = quoted(result);
  seconds("total_seconds", watch_.elapsed());
}

void BuildReport::fail(const Error& error) {
  facts_["result"] = quoted("failed");
  facts_["error_id"] = quoted(error.id());
  facts_["error"] = quoted(error.what());
  seconds("total_seconds", watch_.elapsed());
}

void BuildReport::write() const noexcept {
  try {
    std::string content;
    for (const auto& [name, value] : facts_) content += name + ": " + value + "\n";
    write_file(file_, content);
  } catch (const std::exception&) {  // see the class
  }
}

fs::path report_file(const fs::path& cache_dir) { return cache_dir / "halcyon" / "report"; }

}  // namespace halcyon
