// What a forward pass reads, in the device's memory: weights and low-rank additions, borrowed from the model, the
// trainer or the adapters.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/matmul.h"
#include "model/decoder_spec.h"
#include "model/streamed_layers.h"

namespace chaku {

// y = x w^T + bias.
struct Linear {
  Matrix w;
  const float* bias = nullptr;  // [N] or null
};

struct LayerWeights {
  std::array<const float*, kLayerNorms> norms{};        // [D], of heads LayerSpec::head_norm; null where absent
  std::array<const float*, kLayerNorms> norm_biases{};  // likewise
  std::array<Linear, kLayerLinears> linears;            // empty where the layer has none
  const float* slopes = nullptr;                        // [H] as LayerSpec::slopes, or null
};

struct Weights {
  Matrix token_embedding;                 // [V,D]
  Matrix position_embedding;              // [P,D]; null data without
  Matrix type_embedding;                  // [types,D]; null data without
  const float* embedding_norm = nullptr;  // [D] or null
  const float* embedding_norm_bias = nullptr;
  const float* output_norm = nullptr;  // [D]; null: the stream is what is asked for
  const float* output_norm_bias = nullptr;
  Linear output;  // [V,D]; the token embedding where tied
  bool tied = false;
  Linear head_dense, head_out;       // empty without
  const float* head_norm = nullptr;  // or null
  const float* head_norm_bias = nullptr;
  Matrix layer_input_table;                 // [V,L*P]; null data without
  Matrix layer_input_projection;            // [L*P,D]
  const float* layer_input_norm = nullptr;  // [P]
  std::vector<LayerWeights> layers;
  StreamedLayers* streamed = nullptr;           // the model's; null: all layers stay on the device
  std::vector<const double*> rope_frequencies;  // as RopeSpec::inverse_frequencies, per rope
};

// As StreamedLayers::bring(), of weights that may all stay, and of what is outside layers (-1).
[[nodiscard]] inline std::unique_lock<std::mutex> bring(const Weights& weights, int32_t layer,
                                                        StreamedLayers::Next next) {
  return weights.streamed == nullptr || layer < 0 ? std::unique_lock<std::mutex>()
                                                  : weights.streamed->bring(layer, next);
}

// y += scale * (x a^T) b^T. Each expert of a stacked product has matrices of its own.
struct LowRank {
  const float* a = nullptr;  // [R,K]; of experts [E R,K]
  const float* b = nullptr;  // [N,R]; of experts [E N,R]
  int32_t rank = 0;          // 0: none
  float scale = 1.0f;
  int32_t n_frozen = 0;  // so many of the last of the rank have no gradient
  // DoRA: y = factors * (x w^T + the addition) + bias; null without.
  const float* factors = nullptr;          // [N]
  const float* inverse_lengths = nullptr;  // [N], which the backward pass reads

  int64_t n_trained() const noexcept { return rank - n_frozen; }
};

inline bool is_magnified(const LowRank* low_rank) noexcept {
  return low_rank != nullptr && low_rank->factors != nullptr;
}

struct LowRanks {
  std::vector<std::array<LowRank, kLayerLinears>> layers;  // as many as the spec's, or none at all
  LowRank output;
  // In place of the model's weights; null: the model's.
  const float* token_embedding = nullptr;  // [V,D]
  const float* output_weight = nullptr;    // [V,D]

  // Of a layer's product, or with layer -1 the output's; null: none.
  const LowRank* find(int32_t layer, int32_t linear) const noexcept {
    if (layer >= 0 && layers.empty()) return nullptr;
    const LowRank& found = layer < 0 ? output : layers[static_cast<size_t>(layer)][static_cast<size_t>(linear)];
    return found.rank > 0 ? &found : nullptr;
  }
};

// How inputs of A are dropped in training: element i of a module's input by uniform(seed, stream(...), i).
struct Dropout {
  float probability = 0.0f;
  uint64_t seed = 0;
  int64_t batch_index = 0;

  // One stream per micro-batch, layer (-1 outside layers) and module.
  uint64_t stream(int32_t layer, Module module) const noexcept {
    return static_cast<uint64_t>(batch_index) << 21 | static_cast<uint64_t>(layer + 1) << 6 |
           static_cast<uint64_t>(module);
  }
};
static_assert(kMaxLayers < 1 << 15);

}  // namespace chaku
