#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "archive/codec.h"
#include "layers/tag.h"
#include "layers/workspace.h"

namespace halcyon {

/// An archive to start from when there is no exact one.
struct Similar {
  Found found;
  std::string reason;  ///< for the log: "5 of 6 packages of hello-web-1.0"
};

/// A layer of an app's environment: the one abstraction for GHC, Cabal, sandbox, app and toolchain.
/// A kind says what it is (tag), what it is called, how to check it, how to build it and whether it
/// can start from a similar one. Finding, restoring, archiving, uploading and telling are the
/// Keeper's.
class Layer {
 public:
  explicit Layer(const Workspace& workspace) : workspace_(workspace) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  /// The name of its directory below the root path: "ghc", "cabal", "sandbox", "app", "toolchain".
  virtual std::string name() const = 0;
  /// For the log: "GHC 9.0.2".
  virtual std::string describe() const = 0;
  /// What a layer must be to be used. `root` is Workspace::root() in every tag.
  virtual Tag tag() const = 0;
  /// Whether a layer with this tag can be used as it is: by default when equal to ours.
  virtual bool accepts(const Tag& found) const { return found == tag(); }
  /// The file name of its archive (user guide, "Package tiers").
  virtual std::string archive_name() const = 0;
  /// What its archive is compressed with: HALCYON_ARCHIVE_FORMAT, else the kind's own format.
  Format format() const { return workspace_.archive_format.value_or(usual_format()); }
  virtual Format usual_format() const = 0;
  virtual Effort effort() const { return Effort::quick; }
  /// Keys of archives at one place that may be acceptable besides our own name, best first.
  virtual std::vector<std::string> alternatives(Place) const { return {}; }
  /// Keys of archives in storage that ours may make out of date: other ones of the same thing
  /// (reference, HALCYON_NO_CLEAN_PRIVATE_STORAGE). Those with a tag that `replaces` are removed.
  virtual std::vector<std::string> outdated() const { return {}; }
  virtual bool replaces(const Tag& theirs) const {
    const Tag ours = tag();
    return theirs.get("tier") == ours.get("tier") && theirs.get("os") == ours.get("os") &&
           theirs.get("root") == ours.get("root");
  }
  /// A reason why a directory with the right tag is not usable; empty when it is.
  virtual std::string problem(const std::filesystem::path& dir) const = 0;

  /// Builds the layer completely at dir(), which does not exist yet. Whoever builds does not write
  /// the tag: the Keeper does, at the end.
  virtual void build() = 0;
  /// Archives to start from, best first.
  virtual std::vector<Similar> similar() const { return {}; }
  /// Makes a restored similar layer, now at dir() and without its tag, into this one.
  virtual void extend() {}
  /// Whether a failed extension is worth a build from scratch.
  virtual bool rebuilds_after_failed_extension() const { return false; }
  /// The text of a small file to keep beside the archive (companion_name).
  virtual std::optional<std::string> companion() const { return {}; }
  /// Called when its archive has gone into storage. It may not fail.
  virtual void stored() const {}
  /// What comes first in the archive after the tag: all that a deployment takes from a layer when
  /// it builds nothing.
  virtual std::vector<std::string> deployed_part() const { return {}; }
  /// What the archive leaves out (relative to dir()).
  virtual bool skips(const std::filesystem::path&) const { return false; }

  std::filesystem::path dir() const { return workspace_.layer_dir(name()); }
  std::string key() const { return workspace_.key(archive_name()); }
  const Workspace& workspace() const { return workspace_; }

 protected:
  /// A tag with our tier, OS and root path.
  Tag base_tag(const std::string& contents) const {
    return {name(), contents, workspace_.os, workspace_.root().string()};
  }
  /// The same for a version whose layer has hooks: they are part of its identity.
  Tag base_tag(const std::string& contents, const std::string& hooks_digest) const {
    Tag tag = base_tag(contents);
    return hooks_digest.empty() ? tag : tag.add("hooks", hooks_digest);
  }
  /// Runs one of the layer's hooks in `dir`: "pre-build" or "post-build", with the tag (its lines
  /// joined by tabs) before the arguments.
  void run_hook(const std::string& when, std::vector<std::string> arguments,
                const std::filesystem::path& dir) const {
    arguments.insert(arguments.begin(), tag().line());
    workspace_.hooks.run(workspace_, name() + "-" + when, arguments, dir);
  }

 private:
  const Workspace& workspace_;
};

}  // namespace halcyon
