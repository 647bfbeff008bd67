// Small decoders with reproducible weights, for the tests of model, infer and train.
#pragma once

#include <cmath>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/random.h"
#include "float32_path.h"
#include "model/model.h"
#include "quant/codec.h"

namespace chaku::test {

// The products of a layer without experts.
constexpr Module kDenseModules[] = {Module::kAttnQ,   Module::kAttnK, Module::kAttnV,  Module::kAttnOutput,
                                    Module::kFfnGate, Module::kFfnUp, Module::kFfnDown};

// A matrix in place of the one that is drawn.
struct TinyTensor {
  DType dtype = DType::kF32;
  std::vector<std::byte> bytes;
};

struct TinyOptions {
  int32_t n_layers = 2, width = 32, vocab = 48, n_heads = 4, n_kv_heads = 2, head_dim = 8, ff_width = 40;
  int32_t window = 0;
  RopePairing pairing = RopePairing::kAdjacent;
  bool rope = true, tied = true, biases = false, head_norms = false;
  float embedding_scale = 1.0f, residual_scale = 1.0f, logit_scale = 1.0f;
  NormKind norm_kind = NormKind::kRms;
  Activation activation = Activation::kSilu;
  bool gated = true, attn_norm = true, ffn_norm = true, post_norms = false, norm_biases = false;
  bool parallel = false, norm_after_rope = false, embedding_norm = false;
  Shape q_norm = {}, k_norm = {};  // of the head norms, where not [1,Dh]
  int32_t n_positions = 0;         // embedded
  float logit_soft_cap = 0.0f, attention_soft_cap = 0.0f, alibi_bias = 0.0f, query_temperature = 0.0f;
  int32_t long_after = 0;   // of the rope
  ExpertSpec experts = {};  // in every layer but the first `n_dense`
  int32_t n_dense = 0;
  bool shared_router = true, sinks = false, selection_bias = false;
  MixerSpec mixer = {};  // in every layer but the last
  bool gated_query = false;
  LatentSpec latent = {};   // in every layer, in place of n_kv_heads and head_dim
  int32_t wide_layer = -1;  // the layer with heads of twice as many dimensions
  bool wide_values_are_keys = false, value_norm = false;
  int32_t n_kv_shared = 0;  // so many last layers read the keys of the last one before that has as wide heads
  float output_scale = 1.0f;
  LayerInputSpec layer_inputs = {};
  bool both_ways = false, norm_sums = false;
  int32_t n_types = 0, head_dense = 0, head_out = 0;
  HeadActivation head = HeadActivation::kNone;
  bool head_norm = false;
  DType dtype = DType::kF32;  // of the matrices
  int n_threads = 2;
  CpuPath path = float32_path();  // oracles in float64 need it; tests of the other paths name them
  uint64_t seed = 1;
  std::shared_ptr<const Engine> engine = {};                       // null: the CPU with n_threads and path
  std::map<std::pair<int32_t, Module>, TinyTensor> replaced = {};  // by layer and module
};

// Values of a tensor: N(mean, deviation), a stream per tensor.
inline std::vector<float> tiny_values(const TinyOptions& o, Module module, int32_t layer, TensorKind kind, int64_t n,
                                      float mean, float deviation) {
  const Philox random(
      o.seed, static_cast<uint64_t>(layer + 1) << 8 | static_cast<uint64_t>(module) << 2 | static_cast<uint64_t>(kind));
  std::vector<float> values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); ++i) values[i] = mean + deviation * random.normal(i);
  return values;
}

inline void set_tiny_tensor(Model& model, const TinyOptions& o, Module module, int32_t layer, TensorKind kind) {
  Shape shape = model.spec().shape(module, layer);
  if (module == Module::kPositionEmbedding) shape.rows = o.n_positions;
  if (module == Module::kTypeEmbedding) shape.rows = o.n_types;
  if (module == Module::kHeadDense) shape.rows = o.head_dense;
  if (module == Module::kHeadNorm) shape = {1, o.head_dense};
  if (module == Module::kHeadOut) shape = {o.head_out, o.head_dense > 0 ? o.head_dense : o.width};
  if (module == Module::kAttnQNorm && o.q_norm.rows > 0) shape = o.q_norm;
  if (module == Module::kAttnKNorm && o.k_norm.rows > 0) shape = o.k_norm;
  const bool vector = is_vector(module);
  const bool norm = vector && module != Module::kAttnSinks && module != Module::kSelectionBias;
  if (kind == TensorKind::kBias && !norm) shape = {1, shape.rows};
  const bool matrix = !vector && kind == TensorKind::kWeight;
  // Routers prefer some experts clearly: a small step of a parameter then changes no choice.
  const float deviation = module == Module::kRouter ? 1.0f
                          : matrix                  ? 1.0f / std::sqrt(static_cast<float>(shape.columns))
                                                    : 0.1f;
  const bool taps = module == Module::kMixTaps, rate = module == Module::kMixRate;
  const float mean = rate ? -0.5f : norm && !taps && kind == TensorKind::kWeight ? 1.0f : 0.0f;
  const std::vector<float> values =
      tiny_values(o, module, layer, kind, shape.rows * shape.columns, mean,
                  module == Module::kTokenEmbedding || module == Module::kLayerInputTable ? 1.0f
                  : module == Module::kSelectionBias                                      ? 0.4f
                  : taps                                                                  ? 0.5f
                                                                                          : deviation);
  TensorOptions t{module, kind, layer, matrix ? o.dtype : DType::kF32, shape};
  if (const auto other = o.replaced.find({layer, module}); matrix && other != o.replaced.end()) {
    t.dtype = other->second.dtype;
    model.set_tensor_data(t, other->second.bytes.data(), static_cast<int64_t>(other->second.bytes.size()));
    return;
  }
  if (t.dtype == DType::kF32) {
    model.set_tensor_data(t, values.data(), static_cast<int64_t>(values.size() * sizeof(float)));
    return;
  }
  std::vector<std::byte> encoded(static_cast<size_t>(row_bytes(t.dtype, shape.columns) * shape.rows));
  quantize(t.dtype, values.data(), encoded.data(), static_cast<int64_t>(values.size()));
  model.set_tensor_data(t, encoded.data(), static_cast<int64_t>(encoded.size()));
}

inline void add_tiny_rope(Model& model, const TinyOptions& o, int32_t n_dims) {
  RopeSpec rope{o.pairing, n_dims, 1.0f, {}};
  for (int32_t i = 0; i < n_dims / 2; ++i) rope.inverse_frequencies.push_back(std::pow(100.0, -2.0 * i / n_dims));
  rope.long_after = o.long_after;
  for (int32_t i = 0; o.long_after > 0 && i < n_dims / 2; ++i)
    rope.inverse_frequencies.push_back(rope.inverse_frequencies[static_cast<size_t>(i)] / (1.5 + i));
  model.add_rope(rope);
}

// The layer whose keys layer l reads, or -1.
inline int32_t tiny_kv_source(const TinyOptions& o, int32_t l) {
  const int32_t first = o.n_layers - o.n_kv_shared;
  if (l < first) return -1;
  for (int32_t source = first - 1; source >= 0; --source)
    if ((source == o.wide_layer) == (l == o.wide_layer)) return source;
  return -1;
}

// Layers and ropes set, no tensors.
inline std::shared_ptr<Model> bare_decoder(const TinyOptions& o) {
  DecoderSpec spec = make_decoder_spec(o.n_layers, o.width, o.vocab);
  spec.embedding_scale = o.embedding_scale;
  spec.residual_scale = o.residual_scale;
  spec.logit_scale = o.logit_scale;
  spec.norm_kind = o.norm_kind;
  spec.logit_soft_cap = o.logit_soft_cap;
  spec.query_temperature = o.query_temperature;
  spec.query_temperature_length = o.query_temperature != 0.0f ? 4 : 0;
  auto model = std::make_shared<Model>(
      o.engine != nullptr ? o.engine : std::make_shared<const Engine>(o.n_threads, o.path), spec);
  if (o.rope) {
    add_tiny_rope(*model, o, o.latent.kv_rank > 0 ? o.latent.rope_dim : o.head_dim);
    if (o.wide_layer >= 0) add_tiny_rope(*model, o, 2 * o.head_dim);
  }
  LayerSpec layer;
  layer.n_heads = o.n_heads;
  layer.n_kv_heads = o.n_kv_heads;
  layer.head_dim = o.head_dim;
  layer.ff_width = o.ff_width;
  layer.window = o.window;
  layer.activation = o.activation;
  layer.attention_soft_cap = o.attention_soft_cap;
  layer.alibi_bias = o.alibi_bias;
  layer.parallel = o.parallel;
  layer.norm_after_rope = o.norm_after_rope;
  layer.rope = o.rope ? 0 : -1;
  layer.gated_query = o.gated_query;
  layer.attention_scale = 1.0f / std::sqrt(static_cast<float>(o.head_dim));
  layer.value_norm = o.value_norm;
  layer.output_scale = o.output_scale;
  layer.both_ways = o.both_ways;
  layer.norm_sums = o.norm_sums;
  if (o.latent.kv_rank > 0) {
    layer.n_kv_heads = 1;
    layer.head_dim = o.latent.kv_rank + o.latent.rope_dim;
    layer.attention_scale = 1.0f / std::sqrt(static_cast<float>(o.latent.query_dim()));
  }
  if (o.layer_inputs.width > 0) model->set_layer_inputs(o.layer_inputs);
  if (o.head != HeadActivation::kNone) model->set_head({o.head});
  for (int32_t l = 0; l < o.n_layers; ++l) {
    LayerSpec own = layer;
    if (l == o.wide_layer) {
      own.head_dim *= 2;
      own.rope = o.rope ? 1 : -1;
      own.values_are_keys = o.wide_values_are_keys;
    }
    model->set_layer(l, own);
    if (o.latent.kv_rank > 0) model->set_latent(l, o.latent);
    if (const int32_t source = tiny_kv_source(o, l); source >= 0) model->set_kv_source(l, source);
    if (o.mixer.kind != MixerKind::kNone && l + 1 < o.n_layers) model->set_mixer(l, o.mixer);
    if (o.experts.n_experts > 0 && l >= o.n_dense) model->set_experts(l, o.experts);
  }
  return model;
}

inline void set_tiny_norm(Model& model, const TinyOptions& o, Module module, int32_t layer) {
  set_tiny_tensor(model, o, module, layer, TensorKind::kWeight);
  if (o.norm_biases) set_tiny_tensor(model, o, module, layer, TensorKind::kBias);
}

inline std::shared_ptr<Model> tiny_decoder(const TinyOptions& o) {
  auto model = bare_decoder(o);
  set_tiny_tensor(*model, o, Module::kTokenEmbedding, -1, TensorKind::kWeight);
  if (o.n_positions > 0) set_tiny_tensor(*model, o, Module::kPositionEmbedding, -1, TensorKind::kWeight);
  if (o.embedding_norm) set_tiny_norm(*model, o, Module::kEmbeddingNorm, -1);
  if (!o.norm_sums) set_tiny_norm(*model, o, Module::kOutputNorm, -1);
  if (o.n_types > 0) set_tiny_tensor(*model, o, Module::kTypeEmbedding, -1, TensorKind::kWeight);
  for (const auto& [module, rows] : {std::pair{Module::kHeadDense, o.head_dense}, {Module::kHeadOut, o.head_out}}) {
    if (rows > 0) set_tiny_tensor(*model, o, module, -1, TensorKind::kWeight);
    if (rows > 0 && o.biases) set_tiny_tensor(*model, o, module, -1, TensorKind::kBias);
  }
  if (o.head_norm) set_tiny_tensor(*model, o, Module::kHeadNorm, -1, TensorKind::kWeight);
  if (!o.tied) set_tiny_tensor(*model, o, Module::kOutput, -1, TensorKind::kWeight);
  if (o.biases && o.logit_scale == 1.0f) set_tiny_tensor(*model, o, Module::kOutput, -1, TensorKind::kBias);
  if (o.layer_inputs.width > 0)
    for (const Module module : {Module::kLayerInputTable, Module::kLayerInputProjection, Module::kLayerInputNorm})
      set_tiny_tensor(*model, o, module, -1, TensorKind::kWeight);
  for (int32_t l = 0; l < o.n_layers; ++l) {
    const LayerSpec& spec = model->spec().layers[static_cast<size_t>(l)];
    if (spec.latent.q_rank > 0) set_tiny_norm(*model, o, Module::kAttnQANorm, l);
    if (spec.is_latent()) set_tiny_norm(*model, o, Module::kAttnKvANorm, l);
    if (o.layer_inputs.width > 0) set_tiny_norm(*model, o, Module::kLayerInputPostNorm, l);
    if (o.selection_bias && spec.experts.n_experts > 0)
      set_tiny_tensor(*model, o, Module::kSelectionBias, l, TensorKind::kWeight);
    if (o.attn_norm) set_tiny_norm(*model, o, Module::kAttnNorm, l);
    if (o.ffn_norm) set_tiny_norm(*model, o, Module::kFfnNorm, l);
    for (const Module module : {Module::kMixTaps, Module::kMixRate, Module::kMixNorm})
      if (model->spec().shape(module, l).rows > 0) set_tiny_tensor(*model, o, module, l, TensorKind::kWeight);
    if (model->spec().has(l, kLinearMixAlpha)) set_tiny_tensor(*model, o, Module::kMixAlpha, l, TensorKind::kBias);
    if (o.head_norms && !model->spec().layers[static_cast<size_t>(l)].mixes()) {
      set_tiny_norm(*model, o, Module::kAttnQNorm, l);
      if (spec.kv_source < 0) set_tiny_norm(*model, o, Module::kAttnKNorm, l);
    }
    if (o.post_norms) {
      set_tiny_norm(*model, o, Module::kAttnPostNorm, l);
      set_tiny_norm(*model, o, Module::kFfnPostNorm, l);
    }
    if (o.sinks) set_tiny_tensor(*model, o, Module::kAttnSinks, l, TensorKind::kWeight);
    for (const Module module : kLinearModules) {
      if (model->spec().shape(module, l).rows == 0 || (module == Module::kSharedRouter && !o.shared_router)) continue;
      if ((module == Module::kFfnGate && !o.gated) || module == Module::kAttnKvB) continue;
      set_tiny_tensor(*model, o, module, l, TensorKind::kWeight);
      const bool takes_bias = module < Module::kSharedGate || module == Module::kRouter;
      if (o.biases && takes_bias && module != Module::kSharedRouter)
        set_tiny_tensor(*model, o, module, l, TensorKind::kBias);
    }
  }
  model->seal();
  return model;
}

// Ids spread over the vocabulary.
inline std::vector<int32_t> tiny_tokens(int32_t n, int32_t vocab, uint64_t seed = 7) {
  const Philox random(seed, 0);
  std::vector<int32_t> tokens(static_cast<size_t>(n));
  for (size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<int32_t>(random.words(i)[0] % static_cast<uint32_t>(vocab));
  return tokens;
}

}  // namespace chaku::test
