#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Constraints: exact versions and flags of every dependency, as `cabal freeze` writes them.
namespace halcyon {

struct Constraint {
  std::string version;             ///< empty when only flags are constrained
  std::vector<std::string> flags;  ///< normalised: sorted, "+name" or "-name", lower case
  bool operator==(const Constraint&) const = default;
};

class Constraints {
 public:
  /// Parses `cabal.project.freeze` (every cabal since 2.0) or `cabal.config` (cabal 1.20 - 1.24):
  /// the `constraints:` field in all its layouts, `any.` and other scopes, `installed`, flags
  /// beside versions or alone. What pins nothing (`installed`, setup scripts) is passed over with a
  /// warning. Fields other than constraints are kept aside (index_state). `origin` names the file
  /// in errors: "constraints::malformed" with the line; a version that is not exact is one, and so
  /// is a file without any constraint. Duplicates that agree are merged; ones that contradict each
  /// other are malformed.
  static Constraints parse(std::string_view text, const std::string& origin);

  /// Removes a package (the app's own: cabal issue #1908).
  void remove(std::string_view package);
  const Constraint* find(std::string_view package) const;
  bool empty() const { return by_name_.empty(); }
  std::size_t size() const { return by_name_.size(); }
  const std::map<std::string, Constraint, std::less<>>& all() const { return by_name_; }
  void set(std::string package, Constraint constraint);

  /// What else decides the contents of a sandbox, as lines "--name value" (our fixed build
  /// settings are not among them; project settings of the app are). Part of digest and score.
  std::set<std::string> settings;
  /// `index-state` as the freeze file has it; not part of the digest.
  std::string index_state;
  /// What parse() passed over, one sentence each, for the user to see.
  std::vector<std::string> warnings;

  /// One "name version +flag -flag" line per package, sorted by name, then the settings lines;
  /// every line ended. The digest is made of this.
  std::string normalised() const;
  /// SHA-1 of normalised() (user guide "Sandbox packages").
  std::string digest() const;
  /// As a constraints file in freeze format that cabal and `parse` read: "constraints: any.a ==1,"
  /// then one per line; settings as `-- halcyon: ...` comment lines, which parse() reads back.
  std::string format() const;

 private:
  std::map<std::string, Constraint, std::less<>> by_name_;
};

/// The number of packages of `candidate` when it is a strict or equal subset of `required`
/// (same versions, flags and settings); nothing when any constraint is extraneous or different.
/// `reason` then tells why ("Diff-0.4.0 is not needed", "split is not 0.2.3.4").
std::optional<std::size_t> score(const Constraints& candidate, const Constraints& required,
                                 std::string* reason = nullptr);

}  // namespace halcyon
