#include "haskell/build_plan.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"

namespace halcyon {
namespace {

std::string text_at(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsString()) return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

/// The units that libraries and programs of a unit, or of one of its components, are linked with.
void add_linked(const rapidjson::Value& object, std::vector<std::string>& ids) {
  const auto depends = object.FindMember("depends");
  if (depends == object.MemberEnd() || !depends->value.IsArray()) return;
  for (const rapidjson::Value& id : depends->value.GetArray()) {
    if (id.IsString()) ids.emplace_back(id.GetString(), id.GetStringLength());
  }
}

/// How units depend on each other.
struct Graph {
  std::map<std::string, std::vector<std::string>> linked;
  std::set<std::string> stored;  ///< those in the store
  std::set<std::string> roots;   ///< those with programs of the app

  void add(const rapidjson::Value& unit) {
    const std::string id = text_at(unit, "id");
    const bool local = text_at(unit, "style") == "local";
    if (text_at(unit, "style") == "global") stored.insert(id);
    if (local && text_at(unit, "component-name").starts_with("exe:")) roots.insert(id);
    add_linked(unit, linked[id]);
    const auto components = unit.FindMember("components");
    if (components == unit.MemberEnd() || !components->value.IsObject()) return;
    for (const auto& component : components->value.GetObject()) {
      const std::string_view name = component.name.GetString();
      if (name == "setup" || !component.value.IsObject()) continue;
      if (local && name.starts_with("exe:")) roots.insert(id);
      add_linked(component.value, linked[id]);
    }
  }

  std::vector<std::string> reached() const {
    std::set<std::string> seen;
    std::vector<std::string> pending(roots.begin(), roots.end());
    std::set<std::string> found;
    while (!pending.empty()) {
      const std::string id = pending.back();
      pending.pop_back();
      const auto unit = linked.find(id);
      if (unit == linked.end() || !seen.insert(id).second) continue;
      if (stored.contains(id)) found.insert(id);
      pending.insert(pending.end(), unit->second.begin(), unit->second.end());
    }
    return {found.begin(), found.end()};
  }
};

}  // namespace

BuildPlan BuildPlan::read(const fs::path& file) {
  const auto malformed = [&file](const std::string& why) {
    return Error("build-plan::malformed", "Cannot read cabal's plan " + file.string()).why(why);
  };
  const std::string text = read_file(file);
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError()) {
    throw malformed(rapidjson::GetParseError_En(document.GetParseError()));
  }
  if (!document.IsObject() || !document.HasMember("install-plan") ||
      !document["install-plan"].IsArray()) {
    throw malformed("it has no install-plan");
  }
  BuildPlan plan;
  const auto add = [&plan](const std::string& component, const rapidjson::Value& unit) {
    constexpr std::string_view test = "test:";
    if (component.starts_with(test)) plan.tests_.push_back(component.substr(test.size()));
    const std::string program = text_at(unit, "bin-file");
    if (component.starts_with("exe:") && !program.empty()) plan.executables_.emplace_back(program);
  };
  Graph graph;
  for (const rapidjson::Value& unit : document["install-plan"].GetArray()) {
    if (!unit.IsObject()) continue;
    graph.add(unit);
    if (text_at(unit, "style") != "local") continue;
    add(text_at(unit, "component-name"), unit);
    // Packages with a custom Setup are built as a whole, with all components in one unit.
    const auto components = unit.FindMember("components");
    if (components == unit.MemberEnd() || !components->value.IsObject()) continue;
    for (const auto& component : components->value.GetObject()) {
      if (component.value.IsObject()) add(component.name.GetString(), component.value);
    }
  }
  plan.linked_ = graph.reached();
  return plan;
}

}  // namespace halcyon
