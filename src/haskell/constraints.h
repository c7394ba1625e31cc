#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Constraints: exact versions and flags of every dependency, as `cabal freeze` writes them.
namespace halcyon {

/// The setting of what is built with the dependencies of test suites too.
constexpr const char* tests_setting = "--tests";

struct Constraint {
  /// "1.0"; "1.0 || 1.1" where the build has several (one for a setup script, say); empty when only
  /// flags are constrained.
  std::string version;
  std::vector<std::string> flags;  ///< normalised: sorted, "+name" or "-name", lower case
  std::vector<std::string> versions() const;  ///< each of them, oldest first
  bool operator==(const Constraint&) const = default;
};

class Constraints {
 public:
  /// Parses `cabal.project.freeze` (every cabal since 2.0) or `cabal.config` (cabal 1.20 - 1.24, or
  /// as Stackage publishes it): the `constraints:` field in all its layouts, `any.` and other
  /// scopes, `installed`, flags beside versions or alone, several versions of one package. What
  /// pins nothing (`source`, `test`) is passed over with a warning. Fields other than constraints
  /// are kept aside (index_state, compiler). `origin` names the file in errors:
  /// "constraints::malformed" with the line; a version that is not exact is one, and so is a file
  /// without any constraint. Duplicates that agree are merged; ones that contradict each other are
  /// malformed.
  static Constraints parse(std::string_view text, const std::string& origin);

  /// Removes a package (the app's own: cabal issue #1908).
  void remove(std::string_view package);
  const Constraint* find(std::string_view package) const;
  bool empty() const { return by_name_.empty(); }
  std::size_t size() const { return by_name_.size(); }
  const std::map<std::string, Constraint, std::less<>>& all() const { return by_name_; }
  void set(std::string package, Constraint constraint);

  /// Whether these are versions to choose from (a Stackage snapshot) rather than what a build has:
  /// such a file names a compiler and leaves `base` to it, which no frozen one does.
  bool is_snapshot() const;

  /// Packages that are to be the ones that come with GHC, whatever their version.
  std::set<std::string, std::less<>> installed;
  /// Constraints that hold for setup scripts and build tools only, as written: "foo:setup.bar ==1".
  std::set<std::string> qualified;
  /// What else decides the contents of a sandbox, as lines "--name value" (our fixed build
  /// settings are not among them; project settings of the app are). Part of digest and score.
  std::set<std::string> settings;
  /// The version in `with-compiler: ghc-9.0.2`, or empty; not part of the digest.
  std::string compiler;
  /// `index-state` as the freeze file has it, formatted likewise; not part of the digest.
  std::string index_state;
  /// What parse() passed over, one sentence each, for the user to see.
  std::vector<std::string> warnings;

  /// One "name version +flag -flag" line per package, sorted by name, then "name installed" lines,
  /// qualified constraints, then the settings lines; every line ended. The digest is made of this.
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
/// (same versions, flags and settings, but that test suites may be added); nothing when any
/// constraint is extraneous or different. `reason` then tells why ("Diff-0.4.0 is not needed",
/// "split is not 0.2.3.4").
std::optional<std::size_t> score(const Constraints& candidate, const Constraints& required,
                                 std::string* reason = nullptr);

}  // namespace halcyon
