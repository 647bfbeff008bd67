// Low-rank additions of one adapter, and several adapters worn over a model at once.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "device/float_slabs.h"
#include "model/model.h"

namespace chaku {

// One pair of matrices, in memory of the device that belongs to their adapter or of those that are worn together.
struct LowRankPair {
  float* a = nullptr;  // [R,K]; of experts [E R,K]
  float* b = nullptr;  // [N,R]; of experts [E N,R]
  int32_t rank = 0;    // 0: none
  float scale = 1.0f;
};

// Filled by one thread; immutable once worn. Methods throw Error and leave the adapter as it was.
class Adapter {
 public:
  explicit Adapter(std::shared_ptr<const Model> model);

  void add(Module module, int32_t layer, int32_t rank, float scale, std::span<const float> a, std::span<const float> b);

  // In place of the token embedding's or the output's weight, [V,D].
  void replace(Module module, std::span<const float> values);
  // The output's weight as the embedding's, which is replaced.
  void replace_output_as_embedding();

  const Model& model() const noexcept { return *model_; }
  // From now on add() is refused.
  void wear() const noexcept { worn_.store(true); }
  const LowRankPair& layer(int32_t layer, LayerLinear linear) const noexcept {
    return layers_[static_cast<size_t>(layer)][static_cast<size_t>(linear)];
  }
  const LowRankPair& output() const noexcept { return output_; }
  // Null: the model's.
  const float* token_embedding() const noexcept { return token_embedding_; }
  const float* output_weight() const noexcept { return output_weight_; }

 private:
  const float*& replaceable(Module module);

  std::shared_ptr<const Model> model_;
  FloatSlabs memory_;
  std::vector<std::array<LowRankPair, kLayerLinears>> layers_;
  LowRankPair output_;
  const float *token_embedding_ = nullptr, *output_weight_ = nullptr;
  mutable std::atomic<bool> worn_{false};
};

// Adapters with their scales, ready for a forward pass. Where a module has one addition, it is used in place; where it
// has several, they are joined into one of the summed rank, so that each module costs two products however many
// adapters are worn.
class WornAdapters {
 public:
  WornAdapters() = default;
  WornAdapters(std::vector<std::shared_ptr<const Adapter>> adapters, std::span<const float> scales);

  const LowRanks& low_ranks() const noexcept { return low_ranks_; }
  int32_t max_rank() const noexcept { return max_rank_; }
  // Whether it is made of these.
  bool is(std::span<const std::shared_ptr<const Adapter>> adapters, std::span<const float> scales) const noexcept;

 private:
  void replace(std::span<const float> scales);
  LowRank join(const Engine& engine, Shape shape, int64_t n_stacked, std::span<const LowRankPair* const> pairs,
               std::span<const float> scales);

  std::vector<std::shared_ptr<const Adapter>> adapters_;
  std::vector<float> scales_;
  FloatSlabs joined_;
  LowRanks low_ranks_;
  int32_t max_rank_ = 0;
};

}  // namespace chaku
