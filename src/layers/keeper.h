#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "layers/layer.h"
#include "layers/unpacker.h"

namespace halcyon {

/// How a layer can be had, cheapest first.
enum class Means { existing, cached, stored, extended, built };
std::string_view to_string(Means means);

/// How one layer will be had: data, decided without any effect on the layer.
struct Step {
  Means means = Means::built;
  std::optional<Found> source;  ///< the archive that is restored or extended
  std::string reason;
  /// Building or extending, as opposed to restoring.
  bool builds() const { return means == Means::extended || means == Means::built; }
};

/// What a Keeper tells of a layer that it makes real: before, and after it with the time it took.
struct LayerEvent {
  std::string layer;  ///< Layer::name
  Means means;
  std::optional<std::chrono::milliseconds> took;
  std::string title{};             ///< Layer::describe
  std::uint64_t source_bytes = 0;  ///< of the archive that it was made from
};

/// Carries out what is the same for all layers.
class Keeper {
 public:
  using Observer = std::function<void(const LayerEvent&)>;
  /// Adds one who is told of every layer that is made real, for reports; as long as this lives.
  void observe(Observer observer) { observers_.push_back(std::move(observer)); }

  /// Decides how to get a layer. `rebuild` passes over everything that exists.
  Step plan(const Layer& layer, bool rebuild = false) const;

  /// Whether storage has an archive that can be used as it is.
  bool is_stored(const Layer& layer) const;

  /// Makes the layer real at its directory by the means of the plan, falling back to the next one
  /// when an archive turns out to be wrong: then the plan is made anew, and `may_build` false
  /// raises Error "layer::missing" (Exit::build_needed). What is built is archived and uploaded.
  Step realise(Layer& layer, bool rebuild = false, bool may_build = true);
  /// As realise without building, but of an archive only what Layer::deployed_part names is
  /// restored: the directory has no tag then, as it is no layer.
  Step realise_deployed_part(Layer& layer);
  /// Begins to unpack those of these layers that cache or storage have, in the order in which they
  /// will be realised, beside the first of them that is not there: for as long as what this returns
  /// lives.
  std::shared_ptr<Unpacker> restore_ahead(const std::vector<const Layer*>& layers);

 private:
  enum class Extent { all, deployed_part };
  Step realise(Layer& layer, bool rebuild, bool may_build, Extent extent);
  void follow_unpacker(const Layer& layer, Step& step) const;
  void restore(const Layer& layer, const Found& found, const Tag& expected,
               Extent extent = Extent::all) const;
  void make(Layer& layer, const Step& step) const;
  void make_tree(Layer& layer, const Step& step) const;
  void hold_existing(const Layer& layer) const;
  void archive(const Layer& layer, const std::string& key, const Tag& tag,
               const std::optional<Found>& made_from = {}) const;
  void clean_storage(const Layer& layer) const;

  void tell(const LayerEvent& event) const;

  std::vector<Observer> observers_;
  std::weak_ptr<Unpacker> unpacker_;
};

/// Removes a layer's directory so that nothing half-removed is ever trusted.
void remove_layer(const Workspace& workspace, const std::filesystem::path& dir);

}  // namespace halcyon
