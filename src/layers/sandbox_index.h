#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "haskell/constraints.h"
#include "layers/tag.h"

namespace halcyon {

/// What the sandboxes of one family in storage are made of, in one object: matching reads it
/// instead of every companion. It is a help, not the truth: it may lack sandboxes (two builders
/// wrote it at the same time) and have some that are gone; whoever stores a sandbox puts it right.
/// What it says of a sandbox is checked against the digest in the sandbox's name.
class SandboxIndex {
 public:
  struct Match {
    std::string name;
    std::size_t score;  ///< as halcyon::score
  };

  /// Reads what `packed` made. Raises Error "sandbox-index::malformed", also for one that would
  /// become larger than 64 MiB; `origin` names the object.
  static SandboxIndex parse(std::string_view packed, const std::string& origin);
  /// Text compressed by zstd: a first line with the format's number; for each sandbox a line with
  /// its name and kind, and its normalised constraints, indented. What goes beyond 64 MiB of text
  /// is left out.
  std::string pack() const;

  /// What stands for all of a sandbox's tag but its contents.
  static std::string kind_of(const Tag& tag);

  bool has(std::string_view name) const { return entries_.find(name) != entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  /// The sandboxes whose names end with a digest.
  std::vector<std::string> with_digest(const std::string& digest) const;
  /// Adds a sandbox or replaces one. `name` is what follows the family in its archive's name,
  /// `normalised` is Constraints::normalised.
  void set(const std::string& name, const std::string& kind, const std::string& normalised);
  /// Drops every sandbox that is not wanted.
  void keep_if(const std::function<bool(const std::string& name)>& wanted);

  /// The sandboxes of a kind that have a part of the required constraints and nothing else: those
  /// that have a halcyon::score above 0. Names whose digest is not that of the entry are left out.
  std::vector<Match> subsets(const Constraints& required, const std::string& kind) const;

 private:
  struct Entry {
    std::string kind;
    std::string normalised;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace halcyon
