// What is trained: the list of parameters, their values, gradients and moments, and the views of them that the forward
// and the backward pass read.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "device/device.h"
#include "model/model.h"
#include "train/moments.h"

namespace chaku {

struct Parameter {
  Module module = Module::kTokenEmbedding;
  TensorKind kind = TensorKind::kWeight;
  int32_t layer = -1;
  Shape shape;
  int64_t offset = 0;  // floats into each slot
  float scale = 1.0f;  // of its pair

  int64_t size() const noexcept { return shape.rows * shape.columns; }
  // Whether it takes the place of a weight of the model.
  bool is_copy() const noexcept { return kind == TensorKind::kWeight || kind == TensorKind::kBias; }
  // Weight decay is for matrices: norms and biases are left alone.
  bool decays() const noexcept {
    return kind != TensorKind::kBias && kind != TensorKind::kMagnitude && !is_vector(module);
  }
};

struct ParameterList {
  std::vector<Parameter> items;
  int64_t n_floats = 0;  // of one slot, padding included

  int64_t slot_bytes() const noexcept { return n_floats * static_cast<int64_t>(sizeof(float)); }
};

// A product of the targets that is adapted otherwise than these are.
struct ProductRank {
  Module module = Module::kOutput;
  int32_t layer = -1;
  int32_t rank = 0;  // 0: not adapted
  float scale = 1.0f;
};

// Which products LoRA adapts: the modules whose bits are set, of every layer that has them, but for exceptions.
struct LoraProducts {
  uint64_t targets = 0;
  int32_t rank = 0;
  float scale = 1.0f;
  std::vector<ProductRank> exceptions = {};
  bool magnitudes = false;  // DoRA

  // Of one product; of what is not adapted the rank is 0.
  ProductRank of(Module module, int32_t layer) const noexcept;
  // The largest there may be.
  int32_t max_rank() const noexcept;
};

// A, B and perhaps magnitudes [1,N] of those that are adapted; experts stacked. In order: layer, module, A before B;
// the output last.
ParameterList lora_parameters(const DecoderSpec& spec, const LoraProducts& products);
// Appends those that are trained whole beside LoRA: the modules whose bits are set, of token embedding and output. A
// tied output is the embedding.
void append_saved(ParameterList& list, const Model& model, uint64_t saved);
// Every weight of the model, those of routers only if asked for. In order: embedding, layers, output norm, output
// unless tied.
ParameterList full_parameters(const Model& model, bool routers);

// Gradients of one product; null where it is not trained. All are accumulated into.
struct LinearGradient {
  float* w = nullptr;
  float* bias = nullptr;
  float* a = nullptr;
  float* b = nullptr;
  float* magnitude = nullptr;
};

struct LayerGradients {
  std::array<float*, kLayerNorms> norms{};
  std::array<float*, kLayerNorms> norm_biases{};
  std::array<LinearGradient, kLayerLinears> linears{};
};

struct Gradients {
  float* token_embedding = nullptr;
  float* position_embedding = nullptr;
  float* embedding_norm = nullptr;
  float* embedding_norm_bias = nullptr;
  float* layer_input_table = nullptr;
  float* layer_input_projection = nullptr;
  float* layer_input_norm = nullptr;
  float* output_norm = nullptr;
  float* output_norm_bias = nullptr;
  LinearGradient output;  // its w is the token embedding's where tied
  std::vector<LayerGradients> layers;
};

// kFrozen: the pair that the copies of merged_weights.h are made from.
enum class Slot : int32_t { kValue = 0, kGradient = 1, kMoment1 = 2, kMoment2 = 3, kFrozen = 4 };

// The moment that a slot is; below 0 for the others.
constexpr int32_t moment_of(Slot slot) noexcept { return slot == Slot::kMoment1 ? 0 : slot == Slot::kMoment2 ? 1 : -1; }

class ParameterStore {
 public:
  // In the memory of the device, which must outlive it. The frozen slot is there only if asked for.
  ParameterStore(const Device& device, ParameterList list, OptimizerKind optimizer = OptimizerKind::kAdamW,
                 bool frozen = false);

  const ParameterList& list() const noexcept { return list_; }
  const std::vector<Parameter>& items() const noexcept { return list_.items; }
  // Of a slot that is no moment.
  float* data(const Parameter& p, Slot slot) const noexcept { return buffer(slot).as<float>() + p.offset; }
  Moments& moments() noexcept { return moments_; }
  // values[p.size()].
  void read(const Parameter& p, Slot slot, std::span<float> values) const noexcept;
  void write(const Parameter& p, Slot slot, std::span<const float> values) noexcept;

  // A ~ U(-1/sqrt(K), 1/sqrt(K)), which is Kaiming-uniform with a = sqrt(5); B = 0.
  void initialize_lora(uint64_t seed) noexcept;
  // What is trained whole becomes float32 copies of the model's weights.
  void initialize_copies(const Model& model) noexcept;

  LowRanks low_ranks(const DecoderSpec& spec) const;
  // The model's weights with every trained one replaced by its float32 copy.
  Weights weights(const Model& model) const;
  Gradients gradients(const DecoderSpec& spec, bool tied);
  void zero_gradients() noexcept;
  // Brings every gradient within [-limit, limit].
  void clamp_gradients(float limit) noexcept;

 private:
  const DeviceBuffer& buffer(Slot slot) const noexcept {
    return slot == Slot::kValue ? values_ : slot == Slot::kGradient ? gradients_ : frozen_;
  }

  const Device* device_;
  ParameterList list_;
  DeviceBuffer values_, gradients_, frozen_;
  Moments moments_;
};

}  // namespace chaku
