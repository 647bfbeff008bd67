#include "train/parameters.h"

#include <algorithm>
#include <cmath>

#include "kernels/moments.h"

namespace chaku {
namespace {

// Streams of initial values have the top bit set; dropout's have it clear.
constexpr uint64_t kInitialValues = uint64_t{1} << 63;

void append(ParameterList& list, Module module, TensorKind kind, int32_t layer, Shape shape) {
  list.items.push_back({module, kind, layer, shape, list.n_floats});
  const int64_t padded = (shape.rows * shape.columns + kMomentBlock - 1) / kMomentBlock * kMomentBlock;
  if (__builtin_add_overflow(list.n_floats, padded, &list.n_floats) || list.n_floats > INT64_MAX / 64)
    list.n_floats = INT64_MAX / 64;
}

void append_pair(ParameterList& list, const ProductRank& product, Shape shape, int64_t n_stacked) {
  const int64_t rank = product.rank;
  append(list, product.module, TensorKind::kLoraA, product.layer, {n_stacked * rank, shape.columns});
  append(list, product.module, TensorKind::kLoraB, product.layer, {shape.rows, rank});
  for (size_t i = list.items.size() - 2; i < list.items.size(); ++i) list.items[i].scale = product.scale;
}

void append_norm(ParameterList& list, Module module, int32_t layer, Shape shape, const float* weight,
                 const float* bias) {
  if (weight != nullptr) append(list, module, TensorKind::kWeight, layer, shape);
  if (bias != nullptr) append(list, module, TensorKind::kBias, layer, shape);
}

void append_linear(ParameterList& list, Module module, int32_t layer, const Linear& linear) {
  append(list, module, TensorKind::kWeight, layer, {linear.w.rows, linear.w.columns});
  if (linear.bias != nullptr) append(list, module, TensorKind::kBias, layer, {1, linear.w.rows});
}

// A norm's weight or bias among the weights; W is Weights, const or not.
template <class W>
auto& norm_place(W& weights, const Parameter& p) noexcept {
  const bool bias = p.kind == TensorKind::kBias;
  if (p.module == Module::kOutputNorm) return bias ? weights.output_norm_bias : weights.output_norm;
  if (p.module == Module::kLayerInputNorm) return weights.layer_input_norm;
  if (p.module == Module::kEmbeddingNorm) return bias ? weights.embedding_norm_bias : weights.embedding_norm;
  auto& layer = weights.layers[static_cast<size_t>(p.layer)];
  return (bias ? layer.norm_biases : layer.norms)[static_cast<size_t>(norm_of(p.module))];
}

// Where the model holds a trained weight.
Matrix source_of(const Model& model, const Parameter& p) noexcept {
  const Weights& weights = model.weights();
  if (p.module == Module::kTokenEmbedding) return weights.token_embedding;
  if (p.module == Module::kPositionEmbedding) return weights.position_embedding;
  if (p.module == Module::kLayerInputTable) return weights.layer_input_table;
  if (p.module == Module::kLayerInputProjection) return weights.layer_input_projection;
  if (is_vector(p.module)) return {norm_place(weights, p), DType::kF32, p.shape.rows, p.shape.columns};
  const int32_t linear = linear_of(p.module);
  const Linear& source =
      linear >= 0 ? weights.layers[static_cast<size_t>(p.layer)].linears[static_cast<size_t>(linear)] : weights.output;
  return p.kind == TensorKind::kBias ? Matrix{source.bias, DType::kF32, 1, p.shape.columns} : source.w;
}

}  // namespace

ProductRank LoraProducts::of(Module module, int32_t layer) const noexcept {
  if (!(targets >> static_cast<int32_t>(module) & 1)) return {module, layer, 0};
  const auto found = std::find_if(exceptions.begin(), exceptions.end(),
                                  [&](const ProductRank& e) { return e.module == module && e.layer == layer; });
  return found != exceptions.end() ? *found : ProductRank{module, layer, rank, scale};
}

int32_t LoraProducts::max_rank() const noexcept {
  int32_t most = rank;
  for (const ProductRank& e : exceptions) most = std::max(most, e.rank);
  return most;
}

ParameterList lora_parameters(const DecoderSpec& spec, const LoraProducts& products) {
  ParameterList list;
  for (int32_t l = 0; l < spec.n_layers(); ++l)
    for (int32_t i = 0; i < kLayerLinears; ++i) {
      const Module module = kLinearModules[static_cast<size_t>(i)];
      const auto linear = static_cast<LayerLinear>(i);
      const ProductRank product = products.of(module, l);
      if (product.rank == 0 || !spec.has(l, linear)) continue;
      append_pair(list, product, spec.shape(l, linear), spec.n_stacked(l, linear));
      if (products.magnitudes) append(list, module, TensorKind::kMagnitude, l, {1, spec.shape(l, linear).rows});
    }
  const ProductRank output = products.of(Module::kOutput, -1);
  if (output.rank > 0) append_pair(list, output, spec.shape(Module::kOutput, -1), 1);
  return list;
}

void append_saved(ParameterList& list, const Model& model, uint64_t saved) {
  for (const Module module : {Module::kTokenEmbedding, Module::kOutput}) {
    const bool asked = saved >> static_cast<int32_t>(module) & 1;
    if (asked && !(module == Module::kOutput && model.weights().tied))
      append(list, module, TensorKind::kWeight, -1, model.spec().shape(module, -1));
  }
}

ParameterList full_parameters(const Model& model, bool routers) {
  const DecoderSpec& spec = model.spec();
  const Weights& weights = model.weights();
  ParameterList list;
  append(list, Module::kTokenEmbedding, TensorKind::kWeight, -1, spec.shape(Module::kTokenEmbedding, -1));
  if (weights.position_embedding.data != nullptr)
    append(list, Module::kPositionEmbedding, TensorKind::kWeight, -1, spec.shape(Module::kPositionEmbedding, -1));
  const Shape row = {1, spec.width};
  append_norm(list, Module::kEmbeddingNorm, -1, row, weights.embedding_norm, weights.embedding_norm_bias);
  for (const Module module : {Module::kLayerInputTable, Module::kLayerInputProjection, Module::kLayerInputNorm})
    if (spec.layer_inputs.width > 0) append(list, module, TensorKind::kWeight, -1, spec.shape(module, -1));
  for (int32_t l = 0; l < spec.n_layers(); ++l) {
    const LayerWeights& layer = weights.layers[static_cast<size_t>(l)];
    for (size_t i = 0; i < kLayerNorms; ++i)
      if (i != kNormV && i != kSelection)  // ones, and what has no gradient
        append_norm(list, kNormModules[i], l, spec.shape(kNormModules[i], l), layer.norms[i], layer.norm_biases[i]);
    for (size_t i = 0; i < kLayerLinears; ++i) {
      if (layer.linears[i].w.empty() || (!routers && is_router(kLinearModules[i]))) continue;
      append_linear(list, kLinearModules[i], l, layer.linears[i]);
    }
  }
  append_norm(list, Module::kOutputNorm, -1, row, weights.output_norm, weights.output_norm_bias);
  if (!weights.tied)
    append_linear(list, Module::kOutput, -1, weights.output);
  else if (weights.output.bias != nullptr)
    append(list, Module::kOutput, TensorKind::kBias, -1, {1, spec.vocab_size});
  return list;
}

ParameterStore::ParameterStore(const Device& device, ParameterList list, OptimizerKind optimizer, bool frozen)
    : device_(&device),
      list_(std::move(list)),
      values_(device, list_.slot_bytes()),
      gradients_(device, list_.slot_bytes()),
      moments_(device, optimizer, list_.n_floats) {
  if (frozen) frozen_ = DeviceBuffer(device, list_.slot_bytes());
}

void ParameterStore::read(const Parameter& p, Slot slot, std::span<float> values) const noexcept {
  if (moment_of(slot) >= 0) return moments_.read(moment_of(slot), p.offset, values);
  device_->download(values.data(), data(p, slot), static_cast<int64_t>(values.size_bytes()));
}

void ParameterStore::write(const Parameter& p, Slot slot, std::span<const float> values) noexcept {
  if (moment_of(slot) >= 0) return moments_.write(moment_of(slot), p.offset, values);
  device_->upload(data(p, slot), values.data(), static_cast<int64_t>(values.size_bytes()));
}

void ParameterStore::initialize_lora(uint64_t seed) noexcept {
  for (const Parameter& p : list_.items) {
    if (p.kind != TensorKind::kLoraA) continue;
    const float bound = 1.0f / std::sqrt(static_cast<float>(p.shape.columns));
    device_->run(&KernelTable::uniform, UniformProblem{data(p, Slot::kValue), p.size(), bound, seed,
                                                       kInitialValues | Dropout{}.stream(p.layer, p.module)});
  }
}

void ParameterStore::initialize_copies(const Model& model) noexcept {
  for (const Parameter& p : list_.items) {
    if (!p.is_copy()) continue;
    const auto held = bring(model.weights(), p.layer, StreamedLayers::Next::kAbove);
    device_->run(&KernelTable::decode_rows, DecodeRowsProblem{source_of(model, p), data(p, Slot::kValue)});
  }
}

LowRanks ParameterStore::low_ranks(const DecoderSpec& spec) const {
  LowRanks result;
  result.layers.resize(spec.layers.size());
  for (const Parameter& p : list_.items) {
    if (p.kind != TensorKind::kLoraA && p.kind != TensorKind::kLoraB) continue;
    const int32_t linear = linear_of(p.module);
    LowRank& low_rank =
        linear >= 0 ? result.layers[static_cast<size_t>(p.layer)][static_cast<size_t>(linear)] : result.output;
    low_rank.scale = p.scale;
    const int64_t n_stacked = linear >= 0 ? spec.n_stacked(p.layer, static_cast<LayerLinear>(linear)) : 1;
    if (p.kind == TensorKind::kLoraA) {
      low_rank.a = data(p, Slot::kValue);
      low_rank.rank = static_cast<int32_t>(p.shape.rows / n_stacked);
    } else {
      low_rank.b = data(p, Slot::kValue);
    }
  }
  return result;
}

Weights ParameterStore::weights(const Model& model) const {
  Weights w = model.weights();
  for (const Parameter& p : list_.items) {
    if (!p.is_copy()) continue;
    const float* value = data(p, Slot::kValue);
    const Matrix copy{value, DType::kF32, p.shape.rows, p.shape.columns};
    const int32_t linear = linear_of(p.module);
    if (p.module == Module::kTokenEmbedding) {
      w.token_embedding = copy;
      if (w.tied) w.output.w = copy;
    } else if (p.module == Module::kPositionEmbedding) {
      w.position_embedding = copy;
    } else if (p.module == Module::kLayerInputTable) {
      w.layer_input_table = copy;
    } else if (p.module == Module::kLayerInputProjection) {
      w.layer_input_projection = copy;
    } else if (is_vector(p.module)) {
      norm_place(w, p) = value;
    } else {
      Linear& target =
          linear >= 0 ? w.layers[static_cast<size_t>(p.layer)].linears[static_cast<size_t>(linear)] : w.output;
      if (p.kind == TensorKind::kBias)
        target.bias = value;
      else
        target.w = copy;
    }
  }
  return w;
}

Gradients ParameterStore::gradients(const DecoderSpec& spec, bool tied) {
  Gradients g;
  g.layers.resize(spec.layers.size());
  for (const Parameter& p : list_.items) {
    float* gradient = data(p, Slot::kGradient);
    const int32_t linear = linear_of(p.module);
    if (p.module == Module::kTokenEmbedding) {
      g.token_embedding = gradient;
      if (tied) g.output.w = gradient;
    } else if (p.module == Module::kPositionEmbedding) {
      g.position_embedding = gradient;
    } else if (p.module == Module::kLayerInputTable) {
      g.layer_input_table = gradient;
    } else if (p.module == Module::kLayerInputProjection) {
      g.layer_input_projection = gradient;
    } else if (is_vector(p.module)) {
      norm_place(g, p) = gradient;
    } else {
      LinearGradient& target =
          linear >= 0 ? g.layers[static_cast<size_t>(p.layer)].linears[static_cast<size_t>(linear)] : g.output;
      switch (p.kind) {
        case TensorKind::kWeight: target.w = gradient; break;
        case TensorKind::kBias: target.bias = gradient; break;
        case TensorKind::kLoraA: target.a = gradient; break;
        case TensorKind::kLoraB: target.b = gradient; break;
        case TensorKind::kMagnitude: target.magnitude = gradient; break;
      }
    }
  }
  return g;
}

void ParameterStore::zero_gradients() noexcept {
  device_->run(&KernelTable::fill, FillProblem{gradients_.as<float>(), list_.n_floats, 0.0f});
}

void ParameterStore::clamp_gradients(float limit) noexcept {
  device_->run(&KernelTable::clamp, ClampProblem{gradients_.as<float>(), list_.n_floats, limit});
}

}  // namespace chaku
