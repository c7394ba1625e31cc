#include "store/cache.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "store/manifest.h"

namespace halcyon {

namespace {

constexpr std::string_view kDistrusted = ".distrusted";

std::string line(std::string_view key, std::uint64_t size) {
  return fmt::format("{} ({})", key, format_size(size));
}

/// What goes with an archive is not told: that would say everything twice.
bool is_worth_telling(std::string_view key) {
  return !key.ends_with(manifest_suffix) && !key.ends_with(unsent_suffix);
}

/// Removes empty directories below `dir`.
void remove_empty_directories(const fs::path& dir) {
  std::vector<fs::path> entries = walk(dir);
  std::reverse(entries.begin(), entries.end());  // contents before their directory
  for (const fs::path& entry : entries) {
    const fs::path path = dir / entry;
    std::error_code ignored;
    // Fails on those that are not empty, as it shall.
    if (fs::is_directory(fs::symlink_status(path, ignored))) fs::remove(path, ignored);
  }
}

}  // namespace

bool Cache::by_name(const Seen& a, const Seen& b) {
  if (natural_less(a.key, b.key)) return true;
  // Names such as "a-1" and "a-01" may count as equal.
  return !natural_less(b.key, a.key) && a.key < b.key;
}

Cache::Cache(fs::path dir) : dir_(std::move(dir)) {}

fs::path Cache::file(std::string_view key) const {
  check_key(key);
  return dir_ / key;
}

bool Cache::has(std::string_view key) const {
  std::error_code ignored;
  return fs::is_regular_file(file(key), ignored);
}

std::set<std::string> Cache::keys(std::string_view prefix) const {
  std::set<std::string> found;
  for (const Seen& seen : scan()) {
    if (seen.key.starts_with(prefix)) found.insert(seen.key);
  }
  return found;
}

void Cache::keep(std::string_view key) { kept_.emplace(key); }

std::vector<Cache::Seen> Cache::scan() const {
  std::vector<Seen> found;
  std::error_code ignored;
  if (!fs::is_directory(dir_, ignored)) return found;
  for (const fs::path& entry : walk(dir_)) {
    std::string key = entry.string();
    if (!is_key(key) || key.ends_with(kDistrusted)) continue;
    struct stat status {};
    if (lstat((dir_ / entry).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    found.push_back({.key = std::move(key),
                     .size = static_cast<std::uint64_t>(status.st_size),
                     .time_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec});
  }
  std::sort(found.begin(), found.end(), by_name);
  return found;
}

void Cache::prepare(bool purge) {
  if (purge) {
    log::step("Purging cache");
    remove_tree(dir_);
  }
  std::error_code code;
  fs::create_directories(dir_, code);
  if (code) throw system_error("Failed to make directory '" + dir_.string() + "'", code.value());
  before_ = scan();
  if (before_.empty()) return;
  log::step("Examining cache contents");
  for (const Seen& seen : before_) {
    if (is_worth_telling(seen.key)) log::detail(line(seen.key, seen.size));
  }
}

void Cache::set_aside(std::string_view key) const {
  const fs::path from = file(key);
  std::error_code code;
  fs::rename(from, from.string() + std::string(kDistrusted), code);
  if (code && code != std::errc::no_such_file_or_directory) {
    throw system_error("Failed to rename '" + from.string() + "'", code.value());
  }
}

void Cache::remove_unused() const {
  for (const fs::path& entry : walk(dir_)) {
    const fs::path path = dir_ / entry;
    if (kept_.contains(entry.string()) || fs::is_directory(fs::symlink_status(path))) continue;
    fs::remove(path);
  }
  remove_empty_directories(dir_);
}

std::vector<std::string> Cache::changes() const {
  const std::vector<Seen> after = scan();
  std::vector<std::string> result;
  auto old = before_.begin();
  for (const Seen& now : after) {
    for (; old != before_.end() && by_name(*old, now); ++old) result.push_back("- " + old->key);
    if (old == before_.end() || old->key != now.key) {
      result.push_back("+ " + line(now.key, now.size));
      continue;
    }
    if (old->size != now.size || old->time_ns != now.time_ns) {
      result.push_back("* " + line(now.key, now.size));
    }
    ++old;
  }
  for (; old != before_.end(); ++old) result.push_back("- " + old->key);
  std::erase_if(result, [](const std::string& change) {
    return !is_worth_telling(change.substr(0, change.find(" (")));
  });
  return result;
}

void Cache::clean() {
  try {
    remove_unused();
    const std::vector<std::string> lines = changes();
    if (lines.empty()) return;
    log::step("Examining cache changes");
    for (const std::string& text : lines) log::detail(text);
  } catch (const Error& error) {
    log::warning(fmt::format("Failed to clean the cache: {}\n{}", error.what(), error.why()));
  } catch (const fs::filesystem_error& error) {
    log::warning(fmt::format("Failed to clean the cache: {}", error.what()));
  }
}

}  // namespace halcyon
