#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

/// The log: the only global of the program. Everything goes to standard error, in the style of
/// Heroku's buildpacks: `-----> step`, seven spaces before details, ` !     ` before warnings and
/// errors. Values registered as secret are replaced by `(secret)` in whatever is printed.
/// On a terminal there are colors (not where NO_COLOR is set), and lines that change (neither
/// where TERM is `dumb`); elsewhere no control character is ever printed. Any thread may call.
namespace halcyon::log {

/// A main step: `-----> text`.
void step(std::string_view text);
/// A detail line: seven spaces, then the text. Several lines are indented alike.
void detail(std::string_view text);
/// `text...` without line end; the `end` of the same thread completes the line. Anything printed in
/// between completes it first, so output never mixes; then `end` prints all of it again. On a
/// terminal `text...` is a live line meanwhile.
void begin(std::string_view text);
void end(std::string_view result);
/// A two-column line of a table, the value in bold on a terminal.
void label(std::string_view name, std::string_view value);
/// Output of a child process, one line (without its end), control characters made harmless.
void quote(std::string_view line);
/// A block of ` !     ` lines, yellow on a terminal.
void warning(std::string_view text);
/// The one place where an Error is shown: what, why and what to do, as ` !     ` lines in red.
void error(const Error& error);
/// An empty line.
void blank();

/// Whether lines can be shown that change.
bool is_live();
/// Shows these lines below the log until the next call, where lines can change.
void live(std::vector<std::string> lines);

/// Registers a value that must never be printed. Values under 4 characters are ignored (they
/// would blacken ordinary text). The lines of a longer value count too: output comes line by line.
void add_secret(std::string_view value);
/// `text` with every registered secret, and the password of any URL, replaced.
std::string redact(std::string_view text);

/// For tests: everything printed from now on is appended to `*capture` instead; nullptr restores
/// standard error.
void capture(std::string* capture);

}  // namespace halcyon::log
