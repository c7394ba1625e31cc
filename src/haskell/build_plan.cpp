#include "haskell/build_plan.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include "base/error.h"
#include "base/files.h"

namespace halcyon {
namespace {

std::string text_at(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsString()) return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

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
  for (const rapidjson::Value& unit : document["install-plan"].GetArray()) {
    if (!unit.IsObject() || text_at(unit, "style") != "local") continue;
    add(text_at(unit, "component-name"), unit);
    // Packages with a custom Setup are built as a whole, with all components in one unit.
    const auto components = unit.FindMember("components");
    if (components == unit.MemberEnd() || !components->value.IsObject()) continue;
    for (const auto& component : components->value.GetObject()) {
      if (component.value.IsObject()) add(component.name.GetString(), component.value);
    }
  }
  return plan;
}

}  // namespace halcyon
