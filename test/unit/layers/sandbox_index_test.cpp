#include "layers/sandbox_index.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "archive/codec.h"
#include "base/digest.h"
#include "base/error_id.h"
#include "base/log.h"
#include "layers/keeper.h"
#include "layers/sandbox.h"

namespace halcyon {
namespace {

/// An object that is being written.
class Written : public Upload {
 public:
  explicit Written(std::string& object) : object_(object) {}
  bool write(Bytes bytes) override { return written_.write(bytes); }
  bool commit(const std::string&) override {
    object_ = written_.text;
    return true;
  }

 private:
  std::string& object_;
  StringSink written_;
};

/// Objects in memory; counts what is asked.
class CountingStorage : public Storage {
 public:
  std::string describe() const override { return "memory"; }
  std::string describe(std::string_view key) const override { return std::string(key); }
  Listing list_pages(std::string_view prefix, Pages wanted) override {
    std::vector<ObjectInfo> found;
    for (const auto& [key, text] : objects) {
      if (key.starts_with(prefix)) found.push_back({key, text.size()});
    }
    const int more = wanted == Pages::all ? static_cast<int>(found.size() / page) : 0;
    pages += 1 + more;
    return {found, wanted == Pages::first && found.size() >= page};
  }
  bool get(std::string_view key, Sink& sink, Check = Check::by_storage) override {
    ++gets;
    const auto found = objects.find(std::string(key));
    if (found == objects.end()) return false;
    sink.write(std::as_bytes(std::span(found->second)));
    return true;
  }
  std::unique_ptr<Upload> begin(std::string_view key, IfThere, const Foreknown&) override {
    ++puts;
    return std::make_unique<Written>(objects[std::string(key)]);
  }
  std::optional<std::string> digest(std::string_view) override { return {}; }
  void remove(std::string_view key) override { objects.erase(std::string(key)); }
  std::unique_ptr<Storage> another() const override { return {}; }

  std::map<std::string, std::string> objects;
  static constexpr std::size_t page = 1000;
  int pages = 0;
  int gets = 0;
  int puts = 0;
};

const Tag ghc_tag = Tag("ghc", "ghc-9.0.2", "linux-test-1-x64", "/app/.halcyon");
const std::string index_key = "linux-test-1-x64/halcyon-sandboxes-9.0.2";

struct Bench {
  Bench() { log::capture(&output); }
  ~Bench() { log::capture(nullptr); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  static AppSource app(const std::string& name, const std::string& constraints) {
    AppSource source;
    source.package.name = name;
    source.package.version = "1.0";
    source.constraints = Constraints::parse("constraints: " + constraints, "test");
    return source;
  }
  /// What a run on a machine of its own works with.
  struct Builder {
    explicit Builder(Storage& storage) : depot(cache, &storage, http, {}) {
      workspace.app_dir = dir.path() / "app";
      workspace.os = "linux-test-1-x64";
      workspace.depot = &depot;
    }
    SandboxLayer layer(const AppSource& source, const std::string& cabal = "3.4.1.0") const {
      return {workspace, source, ghc_tag, "9.0.2", cabal, {"r", "http://r/"}};
    }
    TempDir dir{fs::temp_directory_path()};
    HttpClient http;
    Cache cache{dir.path() / "cache"};
    Depot depot;
    Workspace workspace;
  };

  /// Puts what a builder of a sandbox stores; as one that dies before it writes the index, if told.
  std::string store(const AppSource& source, bool with_index = true,
                    const std::string& cabal = "3.4.1.0") {
    Builder builder(storage);
    builder.workspace.app_dir = "/app";
    const SandboxLayer layer = builder.layer(source, cabal);
    write_file(builder.depot.file(layer.key()), "x");
    Manifest manifest;
    manifest.tag = layer.tag().text();
    manifest.sha256 = sha256("x");
    manifest.bytes = 1;
    builder.depot.put(layer.key(), manifest, layer.companion());
    if (with_index) layer.stored();
    return layer.key();
  }

  /// A run of an app on another machine.
  Step plan(const AppSource& source) {
    Builder builder(storage);
    builder.workspace.app_dir = "/app";
    storage.pages = storage.gets = storage.puts = 0;
    return Keeper().plan(builder.layer(source));
  }

  CountingStorage storage;
  std::string output;
};

/// Ten thousand sandboxes of as many apps; the index as their builders left it, or none.
void fill(Bench& bench, bool with_index) {
  const std::string family = "linux-test-1-x64/halcyon-sandbox-9.0.2-";
  const std::string model = bench.store(Bench::app("model", "any.model ==1"));
  Manifest manifest = Manifest::parse(bench.storage.objects.at(manifest_name(model)), "test");
  const std::string kind = SandboxIndex::kind_of(Tag::parse(manifest.tag, "test"));
  bench.storage.objects.clear();
  SandboxIndex index;
  for (int i = 0; i < 10'000; ++i) {
    std::string list = fmt::format("any.own{} ==1", i);
    for (int k = 0; k < 20; ++k) list += fmt::format(", any.p{} =={}", k, 1 + i % 7);
    const Constraints constraints = Constraints::parse("constraints: " + list, "test");
    const std::string name = fmt::format("app{}-1.0-{}.tar.gz", i, constraints.digest());
    bench.storage.objects[family + name] = "x";
    manifest.archive = family + name;
    bench.storage.objects[manifest_name(family + name)] = manifest.format();
    bench.storage.objects[companion_name(family + name)] = constraints.format();
    index.set(name, kind, constraints.normalised());
  }
  if (with_index) bench.storage.objects[index_key] = index.pack();
}

/// An app that has all of what `fill`'s app number 4321 has, and one package more.
AppSource grown_app(const std::string& name) {
  std::string list = "any.own4321 ==1, any.more ==1";
  for (int k = 0; k < 20; ++k) list += fmt::format(", any.p{} =={}", k, 1 + 4321 % 7);
  return Bench::app(name, list);
}

TEST_CASE("matching among 10,000 sandboxes takes five requests", "[layers]") {
  Bench bench;
  fill(bench, true);
  const Step step = bench.plan(grown_app("hello"));
  CHECK(step.means == Means::extended);
  CHECK(step.reason.find("21 of 22 packages are in app4321-1.0") != std::string::npos);
  CHECK(bench.storage.pages == 3);  // the first one of all, those of ours and of the best one
  CHECK(bench.storage.gets == 2);   // the index, one manifest
  CHECK(bench.storage.puts == 0);
  CHECK(bench.output.size() < 1000);
}

TEST_CASE("without an index all is listed, and the app's own are looked at first", "[layers]") {
  Bench bench;
  fill(bench, false);
  CHECK(bench.plan(grown_app("hello")).means == Means::built);
  CHECK(bench.storage.gets <= 8);
  const Step step = bench.plan(grown_app("app4321"));
  CHECK(step.means == Means::extended);
  CHECK(bench.storage.pages == 33);
  CHECK(bench.storage.gets <= 8);
}

TEST_CASE("a sandbox that the index lacks is found before all is compiled", "[layers]") {
  Bench bench;
  fill(bench, true);
  const AppSource source = Bench::app("other", "any.x ==1, any.y ==1");
  CHECK(bench.plan(source).means == Means::built);
  CHECK(bench.storage.pages == 33);
  bench.store(Bench::app("other", "any.x ==1"), false);
  CHECK(bench.plan(source).reason.find("1 of 2 packages are in other-1.0") != std::string::npos);
}

TEST_CASE("sandboxes that the index has and storage has not are passed over", "[layers]") {
  Bench bench;
  fill(bench, true);
  const AppSource source = Bench::app("other", "any.x ==1, any.y ==1, any.z ==1");
  const std::string kept = bench.store(Bench::app("other", "any.x ==1"));
  for (const char* gone :
       {"any.x ==1, any.y ==1", "any.x ==1, any.z ==1", "any.y ==1, any.z ==1"}) {
    const std::string key = bench.store(Bench::app("other", gone));
    for (const std::string& name : {key, manifest_name(key), companion_name(key)}) {
      bench.storage.objects.erase(name);
    }
  }
  const Step step = bench.plan(source);
  REQUIRE(step.source);
  CHECK(step.source->key == kept);
}

TEST_CASE("the same sandbox of another app is found among 10,000", "[layers]") {
  Bench bench;
  fill(bench, true);
  const std::string theirs = bench.store(Bench::app("theirs", "any.x ==1"));
  const Step step = bench.plan(Bench::app("ours", "any.x ==1"));
  CHECK(step.means == Means::stored);
  REQUIRE(step.source);
  CHECK(step.source->key == theirs);
  CHECK(bench.storage.pages == 3);
  CHECK(bench.storage.gets == 2);
}

TEST_CASE("whoever stores a sandbox brings the index up to date, a part at a time", "[layers]") {
  Bench bench;
  fill(bench, false);
  const std::string key = bench.store(Bench::app("mine", "any.mine ==1"));
  const auto index = [&] { return SandboxIndex::parse(bench.storage.objects.at(index_key), "t"); };
  CHECK(index().has(key.substr(key.find("mine-"))));
  CHECK(index().size() == 129);
  // What is gone from storage goes from the index, what another builder left out comes into it.
  for (const std::string& name : {key, manifest_name(key), companion_name(key)}) {
    bench.storage.objects.erase(name);
  }
  bench.store(Bench::app("second", "any.a ==1"));
  CHECK_FALSE(index().has(key.substr(key.find("mine-"))));
  CHECK(index().size() == 257);
}

TEST_CASE("what cannot be read is noted in the index, and not looked at again", "[layers]") {
  Bench bench;
  const std::string good = bench.store(Bench::app("good", "any.a ==1"), false);
  const std::string nonsense = bench.store(Bench::app("nonsense", "any.b ==1"), false);
  bench.storage.objects[manifest_name(nonsense)] = "archive-sha256: of an older version\n\n";
  const std::string untold = bench.store(Bench::app("untold", "any.c ==1"), false);
  bench.storage.objects.erase(companion_name(untold));
  bench.store(Bench::app("first", "any.a ==1, any.b ==1"));
  const auto index = SandboxIndex::parse(bench.storage.objects.at(index_key), "test");
  CHECK(index.size() == 4);
  bench.storage.gets = 0;
  bench.store(Bench::app("second", "any.a ==1, any.c ==1"));
  const int once = bench.storage.gets;
  bench.storage.gets = 0;
  bench.store(Bench::app("third", "any.b ==1, any.c ==1"));
  CHECK(bench.storage.gets == once);
  CHECK(bench.plan(Bench::app("new", "any.a ==1, any.d ==1")).source->key == good);
  CHECK(bench.output.find("older version") == std::string::npos);
}

TEST_CASE("of two builders one may overwrite the other's index: its sandbox is found", "[layers]") {
  Bench bench;
  bench.store(Bench::app("first", "any.a ==1"));
  bench.store(Bench::app("second", "any.a ==1, any.b ==1"), false);
  const Step step = bench.plan(Bench::app("third", "any.a ==1, any.b ==1, any.c ==1"));
  CHECK(step.reason.find("2 of 3 packages are in second-1.0") != std::string::npos);
}

TEST_CASE("sandboxes of another kind are no candidates and cost no request", "[layers]") {
  Bench bench;
  for (int i = 0; i < 20; ++i) {
    bench.store(Bench::app(fmt::format("app{}", i), "any.a ==1, any.b ==1"), true, "3.6.2.0");
  }
  bench.store(Bench::app("ours", "any.a ==1"));
  const Step step = bench.plan(Bench::app("third", "any.a ==1, any.b ==1, any.c ==1"));
  CHECK(step.reason.find("1 of 3 packages are in ours-1.0") != std::string::npos);
  CHECK(bench.storage.gets == 2);
  // The same constraints under other labels, and none of them of our kind.
  CHECK(bench.plan(Bench::app("third", "any.a ==1, any.b ==1")).means == Means::extended);
  CHECK(bench.storage.gets <= 8);
}

TEST_CASE("an index that lies leads nobody astray", "[layers]") {
  Bench bench;
  const std::string key = bench.store(Bench::app("theirs", "any.a ==1"));
  const std::string manifest = bench.storage.objects.at(manifest_name(key));
  const std::string name = key.substr(key.find("theirs-"));
  const std::string kind =
      SandboxIndex::kind_of(Tag::parse(Manifest::parse(manifest, "test").tag, "test"));
  const AppSource source = Bench::app("hello", "any.a ==1, any.b ==1, any.c ==1");
  const auto plan_with = [&](const SandboxIndex& index) {
    bench.storage.objects[index_key] = index.pack();
    return bench.plan(source);
  };
  SandboxIndex forged;
  forged.set(name, kind, "a 1\nb 1\n");
  CHECK(plan_with(forged).means == Means::built);
  SandboxIndex absent;
  absent.set("none-1.0-" + sha1("a 1\nb 1\n") + ".tar.gz", kind, "a 1\nb 1\n");
  CHECK(plan_with(absent).reason.find("1 of 3") != std::string::npos);
  // What cannot be read is as good as none, and is replaced by whoever stores next.
  for (const std::string& text :
       {std::string("garbage"), std::string(), forged.pack().substr(0, 20)}) {
    bench.storage.objects[index_key] = text;
    CHECK(bench.plan(source).reason.find("1 of 3") != std::string::npos);
  }
  bench.store(Bench::app("next", "any.z ==1"));
  CHECK(SandboxIndex::parse(bench.storage.objects.at(index_key), "test").size() == 2);
}

std::string packed(const std::string& text) {
  StringSink out;
  const auto encoder = make_encoder(Format::zstd, out, 1);
  encoder->write(std::as_bytes(std::span(text)));
  encoder->finish();
  return out.text;
}

TEST_CASE("the index of sandboxes is read within bounds", "[layers]") {
  const std::string first = "halcyon sandbox index 1\n";
  CHECK(SandboxIndex::parse(packed(first), "test").size() == 0);
  CHECK(SandboxIndex::parse(packed(first + "a kind\n b 1\n"), "test").has("a"));
  for (const std::string& text :
       {std::string("halcyon sandbox index 2\n"), first + " a 1\n", first + "name\n", first + " \n",
        first + "\n", first + std::string(65U << 20U, 'x')}) {
    CHECK(test::error_id([&] { SandboxIndex::parse(packed(text), "test"); }) ==
          "sandbox-index::malformed");
  }
}

TEST_CASE("the index scores as the companions would", "[layers]") {
  const std::vector<std::string> pieces = {"any.a ==1",     "any.a ==2", "any.b ==1",
                                           "b +flag",       "any.c ==1", "any.base installed",
                                           "x:setup.a ==1", ""};
  const std::vector<std::string> settings = {"", "-- halcyon: --tests\n",
                                             "-- halcyon: --other 1\n"};
  std::vector<Constraints> all;
  for (unsigned bits = 0; bits < 256; ++bits) {
    std::string list = "any.always ==1";
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if ((bits >> i & 1U) != 0 && !pieces[i].empty()) list += ", " + pieces[i];
    }
    if ((bits & 3U) == 3) continue;  // two versions of a
    for (const std::string& setting : settings) {
      all.push_back(Constraints::parse(setting + "constraints: " + list, "test"));
    }
  }
  std::size_t matches = 0;
  for (std::size_t i = 0; i < all.size(); i += 7) {
    SandboxIndex index;
    for (const Constraints& one : all)
      index.set("x-" + one.digest() + ".tar.gz", "k", one.normalised());
    std::map<std::string, std::size_t> expected;
    for (const Constraints& one : all) {
      const auto points = score(one, all[i]);
      if (points) expected["x-" + one.digest() + ".tar.gz"] = *points;
    }
    std::map<std::string, std::size_t> found;
    for (const auto& [name, points] : index.subsets(all[i], "k")) found[name] = points;
    CHECK(found == expected);
    matches += found.size();
  }
  CHECK(matches > all.size() / 7);
}

}  // namespace
}  // namespace halcyon
