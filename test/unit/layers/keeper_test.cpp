#include "layers/keeper.h"

#include <catch2/catch.hpp>

#include "base/log.h"
#include "layers/layer_check.h"
#include "store/directory.h"

using namespace halcyon;

namespace {

/// A layer whose content is its text; it can start from any other text of the same family.
class TextLayer : public Layer {
 public:
  TextLayer(const Workspace& workspace, std::string text)
      : Layer(workspace), text_(std::move(text)) {}
  std::string name() const override { return named; }
  std::string describe() const override { return "text " + text_; }
  Tag tag() const override { return base_tag(text_); }
  std::string archive_name() const override {
    return "halcyon-text-" + text_ + std::string(archive_suffix(format()));
  }
  Format usual_format() const override { return Format::gzip; }
  std::string problem(const fs::path& dir) const override {
    return fs::exists(dir / "text") ? "" : "it has no text";
  }
  void build() override {
    ++builds;
    if (fails) {
      write_file(dir() / "half", "half");
      throw Error("text::failed", "Cannot write");
    }
    write_file(dir() / "text", text_);
  }
  std::vector<Similar> similar() const override {
    if (start_from.empty()) return {};
    auto found = workspace().depot->find(workspace().key(start_from));
    if (!found) return {};
    return {{*found, "similar"}};
  }
  void extend() override {
    ++extensions;
    if (fails_to_extend) throw Error("text::failed", "Cannot extend");
    write_file(dir() / "text", read_file(dir() / "text") + "+" + text_);
  }
  bool rebuilds_after_failed_extension() const override { return true; }
  std::vector<std::string> outdated() const override { return replaced; }

  std::vector<std::string> deployed_part() const override { return {"text"}; }

  bool accepts(const Tag& found) const override {
    return found == tag() || found.get("contents") == also_accepts;
  }

  std::string named = "text";
  std::string also_accepts;
  std::vector<std::string> replaced;
  std::string start_from;
  bool fails = false;
  bool fails_to_extend = false;
  int builds = 0;
  int extensions = 0;

 private:
  std::string text_;
};

/// A machine of its own: root, cache, and a storage that outlives it.
struct Machine {
  explicit Machine(const fs::path& storage_dir)
      : dir(fs::temp_directory_path()),
        storage(storage_dir),
        cache(dir.path() / "cache"),
        depot(cache, &storage, http, {}) {
    workspace.app_dir = dir.path() / "app";
    workspace.prefix = workspace.app_dir;
    workspace.os = "linux-test-1-x64";
    workspace.jobs = 1;
    workspace.depot = &depot;
    log::capture(&output);
  }
  ~Machine() { log::capture(nullptr); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void leave_in_storage_only(Layer& layer) {
    keeper.realise(layer);
    remove_layer(workspace, layer.dir());
    remove_tree(cache.dir());
  }

  TempDir dir;
  DirectoryStorage storage;
  HttpClient http;
  Cache cache;
  Depot depot;
  Workspace workspace;
  Keeper keeper;
  std::string output;
};

/// Changes one byte in the middle of a file.
void damage(const fs::path& file) {
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  write_file(file, bytes);
}

const std::string key = "linux-test-1-x64/halcyon-text-a.tar.gz";

}  // namespace

TEST_CASE("a layer is built once, then found on disk, in the cache, in storage", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  {
    Machine machine(shared.path());
    TextLayer layer(machine.workspace, "a");
    CHECK(machine.keeper.plan(layer).means == Means::built);
    CHECK_FALSE(fs::exists(layer.dir()));  // a plan has no effect
    CHECK(machine.keeper.realise(layer).means == Means::built);
    CHECK(machine.keeper.realise(layer).means == Means::existing);
    remove_layer(machine.workspace, layer.dir());
    CHECK(machine.keeper.realise(layer).means == Means::cached);
    CHECK(read_file(layer.dir() / "text") == "a");
    CHECK(layer.builds == 1);
  }
  Machine other(shared.path());
  TextLayer layer(other.workspace, "a");
  // The same root path is part of the identity: this machine has another one.
  CHECK(other.keeper.plan(layer).means == Means::built);
}

TEST_CASE("a machine with the same root path restores from storage", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  TempDir root(fs::temp_directory_path());
  for (const Means expected : {Means::built, Means::stored}) {
    Machine machine(shared.path());
    machine.workspace.app_dir = root.path() / "app";
    TextLayer layer(machine.workspace, "a");
    CHECK(machine.keeper.realise(layer).means == expected);
    CHECK(read_file(layer.dir() / "text") == "a");
    remove_tree(machine.workspace.app_dir);
  }
}

TEST_CASE("archives are used whatever their format, and made in the one that is asked for",
          "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  machine.keeper.realise(layer);
  machine.workspace.archive_format = Format::zstd;
  for (const bool cached : {true, false}) {
    remove_layer(machine.workspace, layer.dir());
    if (!cached) remove_tree(machine.cache.dir());
    const Step step = machine.keeper.realise(layer);
    CHECK(step.means == (cached ? Means::cached : Means::stored));
    CHECK(step.source->key == key);
  }
  TextLayer other(machine.workspace, "b");
  other.start_from = "halcyon-text-a.tar.gz";
  CHECK(machine.keeper.realise(other).means == Means::extended);
  CHECK(fs::exists(machine.storage.file("linux-test-1-x64/halcyon-text-b.tar.zst")));
  CHECK_FALSE(fs::exists(machine.storage.file("linux-test-1-x64/halcyon-text-b.tar.gz")));
}

TEST_CASE("layers are restored beside each other", "[layers]") {
  const TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  std::vector<std::unique_ptr<TextLayer>> layers;
  std::vector<const Layer*> all;
  for (const char* name : {"a", "b", "c", "d"}) {
    layers.push_back(std::make_unique<TextLayer>(machine.workspace, name));
    layers.back()->named = name;
    all.push_back(layers.back().get());
    machine.keeper.realise(*layers.back());
  }
  CHECK(machine.keeper.restore_ahead(all) == nullptr);  // they are there
  const auto remove_all = [&] {
    for (const auto& layer : layers) remove_layer(machine.workspace, layer->dir());
  };
  const auto means_of_all = [&] {
    std::vector<Means> means;
    for (const auto& layer : layers) {
      means.push_back(machine.keeper.realise(*layer).means);
      CHECK(read_file(layer->dir() / "text") == layer->named);
      CHECK(layer_problems(layer->name(), layer->dir(), machine.workspace.root()).empty());
    }
    return means;
  };
  remove_all();
  {
    const auto ahead = machine.keeper.restore_ahead(all);
    REQUIRE(ahead);
    CHECK(machine.keeper.restore_ahead(all) == nullptr);  // once at a time
    CHECK(means_of_all() == std::vector<Means>(4, Means::cached));
    CHECK_FALSE(ahead->take(layers[1]->key(), layers[1]->dir()));  // it was
  }
  CHECK(fs::is_empty(machine.workspace.temp()));

  // What is not wanted any more leaves nothing behind.
  remove_all();
  machine.keeper.restore_ahead(all).reset();
  CHECK(fs::is_empty(machine.workspace.temp()));

  // A damaged one is replaced as ever.
  damage(machine.cache.file(layers[2]->key()));
  {
    const auto ahead = machine.keeper.restore_ahead(all);
    CHECK(means_of_all() ==
          std::vector<Means>{Means::cached, Means::cached, Means::stored, Means::cached});
  }
  CHECK(machine.output.find("Setting aside the cached halcyon-text-c.tar.gz") != std::string::npos);

  // From storage too, into the cache; what is damaged there is made again.
  remove_all();
  remove_tree(machine.cache.dir());
  damage(machine.storage.file(layers[1]->key()));
  {
    const auto ahead = machine.keeper.restore_ahead(all);
    CHECK(means_of_all() ==
          std::vector<Means>{Means::stored, Means::built, Means::stored, Means::stored});
  }
  for (const auto& layer : layers) CHECK(machine.depot.find_cached(layer->key()));
  CHECK(fs::is_empty(machine.workspace.temp()));
}

TEST_CASE("what a layer is extended from is restored ahead, unless it is there", "[layers]") {
  const TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer earlier(machine.workspace, "a");
  machine.keeper.realise(earlier);
  TextLayer missing(machine.workspace, "x");
  missing.named = "x";
  TextLayer layer(machine.workspace, "b");
  layer.start_from = "halcyon-text-a.tar.gz";
  CHECK(machine.keeper.restore_ahead({&missing, &layer}) == nullptr);
  remove_layer(machine.workspace, earlier.dir());
  const auto ahead = machine.keeper.restore_ahead({&missing, &layer});
  REQUIRE(ahead);
  CHECK(machine.keeper.realise(missing).means == Means::built);
  CHECK(machine.keeper.realise(layer).means == Means::extended);
  CHECK(read_file(layer.dir() / "text") == "a+b");
  CHECK_FALSE(ahead->take(earlier.key(), layer.dir()));  // it was
}

TEST_CASE("what is not taken of storage leaves nothing in the cache", "[layers]") {
  const TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  std::vector<std::unique_ptr<TextLayer>> layers;
  std::vector<const Layer*> all;
  for (const char* name : {"a", "b"}) {
    layers.push_back(std::make_unique<TextLayer>(machine.workspace, name));
    layers.back()->named = name;
    all.push_back(layers.back().get());
    machine.keeper.realise(*layers.back());
    remove_layer(machine.workspace, layers.back()->dir());
  }
  remove_tree(machine.cache.dir());
  fs::create_directories(machine.cache.dir());
  machine.keeper.restore_ahead(all).reset();
  for (const fs::path& file : walk(machine.cache.dir())) {
    CHECK(file.filename().string().find(".tmp") == std::string::npos);
  }
  CHECK(fs::is_empty(machine.workspace.temp()));
  CHECK(machine.keeper.realise(*layers[1]).source.has_value());
}

TEST_CASE("a layer that is there goes into a storage that has it not, as what it is", "[layers]") {
  const TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  machine.keeper.realise(layer);
  CHECK(machine.keeper.is_stored(layer));
  for (const char* text : {"a", "b"}) {
    remove_tree(shared.path() / "linux-test-1-x64");
    remove_tree(machine.cache.dir());
    machine.depot.list_anew(key);
    CHECK_FALSE(machine.keeper.is_stored(layer));
    TextLayer wanted(machine.workspace, text);
    wanted.also_accepts = "a";
    if (wanted.tag() != layer.tag()) wanted.replaced = {key};  // by what it is not
    CHECK(machine.keeper.realise(wanted).means == Means::existing);
    machine.depot.list_anew(key);
    CHECK(machine.keeper.is_stored(layer));
  }
}

TEST_CASE("of a layer the part that is deployed can be restored alone", "[layers]") {
  const TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  CHECK_THROWS_AS(machine.keeper.realise_deployed_part(layer), Error);  // it is not built for that
  machine.keeper.realise(layer);
  CHECK(machine.keeper.realise_deployed_part(layer).means == Means::existing);
  remove_layer(machine.workspace, layer.dir());
  CHECK(machine.keeper.realise_deployed_part(layer).means == Means::cached);
  CHECK(walk(layer.dir()) == std::vector<fs::path>{"text"});
  // Without a tag it is no layer.
  CHECK(machine.keeper.plan(layer).means == Means::cached);
  machine.keeper.realise(layer);
  CHECK(layer_problems(layer.name(), layer.dir(), machine.workspace.root()).empty());
  CHECK(layer.builds == 1);
}

TEST_CASE("a layer whose tag differs is not used, whatever its name", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  machine.keeper.realise(layer);
  write_file(layer.dir() / "tag", layer.tag().text() + "extra: 1\n");
  CHECK(machine.keeper.plan(layer).means == Means::cached);
  fs::remove(layer.dir() / "tag");
  CHECK(machine.keeper.plan(layer).means == Means::cached);
  // A foreign manifest under the right name.
  Manifest manifest = Manifest::parse(read_file(machine.cache.file(manifest_name(key))), "test");
  manifest.tag = Tag("text", "b", "linux-test-1-x64", "/app/.halcyon").text();
  write_file(machine.cache.file(manifest_name(key)), manifest.format());
  remove_layer(machine.workspace, layer.dir());
  CHECK(machine.keeper.plan(layer).means != Means::cached);
  CHECK(machine.output.find("it is the archive of another layer, text b") != std::string::npos);
}

TEST_CASE("what storage lacks after a failed upload is uploaded by the next run", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  machine.keeper.realise(layer);
  remove_tree(shared.path() / "linux-test-1-x64");
  Means expected = Means::existing;
  SECTION("from the cache, when the layer is there") {}
  SECTION("from the cache, when the layer is not there") {
    remove_layer(machine.workspace, layer.dir());
    expected = Means::cached;
  }
  SECTION("archived anew, when it is not in the cache") { remove_tree(machine.cache.dir()); }
  Depot fresh(machine.cache, &machine.storage, machine.http, {});
  machine.workspace.depot = &fresh;
  CHECK(machine.keeper.realise(layer).means == expected);
  CHECK(layer.builds == 1);
  CHECK(fs::exists(machine.storage.file(key)));
  CHECK(fs::exists(machine.storage.file(manifest_name(key))));
}

TEST_CASE("a damaged archive in the cache is set aside and replaced from storage", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  machine.keeper.realise(layer);
  remove_layer(machine.workspace, layer.dir());
  SECTION("a flipped byte") { damage(machine.cache.file(key)); }
  SECTION("a truncated file") {
    fs::resize_file(machine.cache.file(key), fs::file_size(machine.cache.file(key)) / 2);
  }
  SECTION("a manifest of nonsense") {
    write_file(machine.cache.file(manifest_name(key)), "nonsense");
  }
  CHECK(machine.keeper.realise(layer).means == Means::stored);
  CHECK(layer.builds == 1);
  CHECK(machine.output.find("Setting aside the cached halcyon-text-a.tar.gz") != std::string::npos);
  CHECK(read_file(layer.dir() / "text") == "a");
  remove_layer(machine.workspace, layer.dir());
  CHECK(machine.keeper.realise(layer).means == Means::cached);  // replaced
}

TEST_CASE("a damaged archive in storage is built anew and replaced", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  machine.leave_in_storage_only(layer);
  damage(machine.storage.file(key));
  SECTION("where building is allowed") {
    CHECK(machine.keeper.realise(layer).means == Means::built);
    CHECK(layer.builds == 2);
    remove_layer(machine.workspace, layer.dir());
    remove_tree(machine.cache.dir());
    CHECK(machine.keeper.realise(layer).means == Means::stored);
  }
  SECTION("where it is not") {
    try {
      machine.keeper.realise(layer, false, false);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.id() == "layer::missing");
      CHECK(error.exit() == Exit::build_needed);
    }
    CHECK_FALSE(fs::exists(layer.dir()));
  }
}

TEST_CASE("an archive that would become larger than it may is built anew", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  machine.leave_in_storage_only(layer);
  const fs::path file = machine.storage.file(manifest_name(key));
  Manifest manifest = Manifest::parse(read_file(file), "manifest");
  SECTION("a bomb that its manifest announces") { manifest.tree_bytes = 10'000'000'000; }
  SECTION("more than its manifest announces") { manifest.tree_bytes = 1; }
  write_file(file, manifest.format());
  CHECK(machine.keeper.realise(layer).means == Means::built);
  CHECK(machine.output.find("Setting aside") != std::string::npos);
  CHECK(read_file(layer.dir() / "text") == "a");
}

TEST_CASE("an archive without its manifest is not there", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  machine.keeper.realise(layer);
  fs::remove(machine.cache.file(manifest_name(key)));
  fs::remove(machine.storage.file(manifest_name(key)));
  remove_layer(machine.workspace, layer.dir());
  Depot fresh(machine.cache, &machine.storage, machine.http, {});
  machine.workspace.depot = &fresh;
  CHECK(machine.keeper.plan(layer).means == Means::built);
}

TEST_CASE("a layer grows from a similar one", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer a(machine.workspace, "a");
  machine.keeper.realise(a);
  TextLayer b(machine.workspace, "b");
  b.start_from = a.archive_name();
  CHECK(machine.keeper.plan(b).means == Means::extended);
  SECTION("by extension") {
    CHECK(machine.keeper.realise(b).means == Means::extended);
    CHECK(read_file(b.dir() / "text") == "a+b");
    CHECK(b.builds == 0);
  }
  SECTION("from scratch, when extending fails") {
    b.fails_to_extend = true;
    machine.keeper.realise(b);
    CHECK(b.builds == 1);
    CHECK(read_file(b.dir() / "text") == "b");
  }
  CHECK(read_file(b.dir() / "tag") == b.tag().text());
  CHECK(machine.depot.find(b.key()));
}

TEST_CASE("a failed build leaves nothing that a later run trusts", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  layer.fails = true;
  CHECK_THROWS_AS(machine.keeper.realise(layer), Error);
  CHECK_FALSE(fs::exists(layer.dir()));
  CHECK(machine.depot.archives("linux-test-1-x64/").empty());
  layer.fails = false;
  CHECK(machine.keeper.realise(layer).means == Means::built);
}

TEST_CASE("what is built removes what it makes out of date from storage", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  const std::string old = "linux-test-1-x64/halcyon-text-b.tar.gz";
  TextLayer first(machine.workspace, "b");
  machine.keeper.realise(first);
  REQUIRE(fs::exists(machine.storage.file(old)));
  TextLayer layer(machine.workspace, "a");
  layer.replaced = {old};
  SECTION("with its manifest") {
    machine.keeper.realise(layer);
    CHECK_FALSE(fs::exists(machine.storage.file(old)));
    CHECK_FALSE(fs::exists(machine.storage.file(manifest_name(old))));
  }
  SECTION("but not that of another root path") {
    const fs::path file = machine.storage.file(manifest_name(old));
    Manifest manifest = Manifest::parse(read_file(file), "test");
    manifest.tag = Tag("text", "b", "linux-test-1-x64", "/elsewhere/.halcyon").text();
    write_file(file, manifest.format());
    machine.keeper.realise(layer);
    CHECK(fs::exists(machine.storage.file(old)));
  }
  SECTION("where the policy lets it") {
    Depot careful(machine.cache, &machine.storage, machine.http, {.clean = false});
    machine.workspace.depot = &careful;
    machine.keeper.realise(layer);
    CHECK(fs::exists(machine.storage.file(old)));
  }
  SECTION("and a failure to do so is a warning") {
    write_file(machine.storage.file(companion_name(old)) / "in-the-way", "x");
    machine.keeper.realise(layer);
    CHECK(machine.output.find("Failed to clean the storage") != std::string::npos);
  }
  CHECK(fs::exists(machine.storage.file(key)));
}

TEST_CASE("a layer has a list of its files, built or restored", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer layer(machine.workspace, "a");
  const auto problems = [&] {
    return layer_problems("text", layer.dir(), machine.workspace.root());
  };
  CHECK(problems().empty());  // no layer, no problem
  machine.keeper.realise(layer);
  CHECK(problems().empty());
  const std::string built = read_file(layer.dir() / "files");
  remove_layer(machine.workspace, layer.dir());
  REQUIRE(machine.keeper.realise(layer).means == Means::cached);
  CHECK(read_file(layer.dir() / "files") == built);
  CHECK(problems().empty());
  SECTION("a changed file") {
    write_file(layer.dir() / "text", "b");
    CHECK(problems() == std::vector<std::string>{"text: its content is another one"});
  }
  SECTION("another mode") {
    fs::permissions(layer.dir() / "text", fs::perms(0755));
    CHECK(problems() == std::vector<std::string>{"text: its mode is 755, not 644"});
  }
  SECTION("a file too many, one too few") {
    fs::rename(layer.dir() / "text", layer.dir() / "moved");
    CHECK(problems() ==
          std::vector<std::string>{"text: it is missing", "moved: it does not belong there"});
  }
  SECTION("no tag") {
    fs::remove(layer.dir() / "tag");
    CHECK(problems().size() == 1);
  }
  SECTION("another tag") {
    write_file(layer.dir() / "tag", "tier: text\nroot: /elsewhere\n");
    CHECK(problems() == std::vector<std::string>{"tag: it is that of text in /elsewhere"});
  }
  SECTION("no list, or an unreadable one") {
    write_file(layer.dir() / "files", "nonsense\n");
    CHECK(problems().size() == 1);
    fs::remove(layer.dir() / "files");
    CHECK(problems() ==
          std::vector<std::string>{"files: it is missing, so that nothing can be compared"});
    machine.keeper.realise(layer);  // as after a run that was interrupted
    CHECK(problems().empty());
  }
}

TEST_CASE("a layer that grew, or is not archived, has a list of its own", "[layers]") {
  TempDir shared(fs::temp_directory_path());
  Machine machine(shared.path());
  TextLayer a(machine.workspace, "a");
  machine.keeper.realise(a);
  TextLayer b(machine.workspace, "b");
  b.start_from = a.archive_name();
  Depot silent(machine.cache, &machine.storage, machine.http, {.archive = false});
  SECTION("archived") {}
  SECTION("not archived") { machine.workspace.depot = &silent; }
  REQUIRE(machine.keeper.realise(b).means == Means::extended);
  CHECK(layer_problems("text", b.dir(), machine.workspace.root()).empty());
  CHECK_THAT(read_file(b.dir() / "files"), Catch::Contains(" text\n"));
}

TEST_CASE("what tools write to is not compared", "[layers]") {
  const auto is_theirs = [](const char* layer, const char* path) {
    return is_for_tools(layer, "/nowhere", path);
  };
  CHECK(is_theirs("ghc", "lib/package.conf.d/package.cache"));
  CHECK_FALSE(is_theirs("ghc", "lib/package.conf.d/base.conf"));
  CHECK_FALSE(is_theirs("cabal", "packages/hackage.haskell.org"));
  CHECK_FALSE(is_theirs("cabal", "packages/hackage.haskell.org/01-index.tar"));
  CHECK(is_theirs("cabal", "packages/hackage.haskell.org/01-index.tar.idx"));
  CHECK(is_theirs("cabal", "packages/hackage.haskell.org/01-index.cache"));
  CHECK(is_theirs("cabal", "packages/hackage.haskell.org/text/1.0/text-1.0.tar.gz"));
  CHECK_FALSE(is_theirs("cabal", "bin/cabal"));
  CHECK(is_theirs("sandbox", "store/ghc-9.0.2/incoming"));
  CHECK(is_theirs("sandbox", "store/ghc-9.0.2/package.db/package.cache"));
  CHECK_FALSE(is_theirs("sandbox", "store/ghc-9.0.2/text-1.0/lib/libtext.a"));
  CHECK(is_theirs("app", "source/dist-newstyle"));
  CHECK_FALSE(is_theirs("app", "source/Main.hs"));
}
