#include "model/activations.h"

#include <algorithm>

namespace chaku {
namespace {

// What a block's arrays must hold: of one layer, or the largest of all.
struct BlockShape {
  int64_t q_width = 0, kv_width = 0, ff_width = 0, gate_width = 0, n_heads = 0, n_kv_heads = 0;
  ExpertShape experts;
  MixerShape mixer;
  LatentShape latent;
  int64_t query_gate = 0, attended = 0, normed_values = 0;

  std::array<int64_t, kLayerLinears> outputs{};  // N of each product

  void include_outputs(const DecoderSpec& spec, int32_t layer) noexcept {
    for (size_t i = 0; i < outputs.size(); ++i)
      outputs[i] = std::max(outputs[i], spec.shape(layer, static_cast<LayerLinear>(i)).rows);
  }

  void include(const LayerSpec& l, int64_t width) noexcept {
    q_width = std::max(q_width, l.q_width());
    kv_width = std::max(kv_width, l.own_kv_width());
    attended = std::max(attended, l.attended_width());
    if (l.value_norm) normed_values = std::max(normed_values, l.own_kv_width());
    latent.include(l);
    if (l.experts.n_experts == 0) {
      ff_width = std::max<int64_t>(ff_width, l.ff_width);
      if (l.gated) gate_width = std::max<int64_t>(gate_width, l.ff_width);
    }
    experts.include(l.experts);
    mixer.include(l.mixer, width);
    if (l.gated_query) query_gate = std::max(query_gate, l.q_width());
    n_heads = std::max<int64_t>(n_heads, l.n_heads);
    n_kv_heads = std::max<int64_t>(n_kv_heads, l.n_kv_heads);
  }

  // Of what a product's A makes of a token.
  int64_t low_rank_rows(LayerLinear linear) const noexcept {
    if (linear == kLinearKvB) return 2 * latent.heads;
    return is_stacked(linear) ? experts.n_used : 1;
  }
};

BlockShape largest(const DecoderSpec& spec) noexcept {
  BlockShape shape;
  for (const LayerSpec& layer : spec.layers) shape.include(layer, spec.width);
  for (int32_t l = 0; l < spec.n_layers(); ++l) shape.include_outputs(spec, l);
  return shape;
}

BlockActivations carve_block(Carver& carver, const DecoderSpec& spec, const BlockShape& shape,
                             const ActivationOptions& options) {
  const int64_t m = options.max_tokens;
  BlockActivations block;
  block.q = carver.floats(m * shape.q_width);
  block.k = carver.floats(m * shape.kv_width);
  block.v = carver.floats(m * shape.kv_width);
  block.latent = carve_latent_block(carver, shape.latent, m, options.taped);
  block.layer_input = carve_layer_input_block(carver, spec, m, options.taped);
  block.o = carver.floats(m * shape.q_width);
  block.gate = carver.floats(m * shape.gate_width);
  block.up = carver.floats(m * shape.ff_width);
  for (size_t i = 0; i < kLayerLinears; ++i)
    if (options.low_rank_linears >> i & 1)
      block.low_rank[i] = carver.floats(m * shape.low_rank_rows(static_cast<LayerLinear>(i)) * options.rank);
  for (size_t i = 0; i < kLayerLinears; ++i)
    if (options.magnified_linears >> i & 1) block.products[i] = carver.floats(m * shape.outputs[i]);
  block.experts = carve_expert_block(carver, shape.experts, m);
  block.mixer = carve_mixer_block(carver, shape.mixer, m);
  block.query_gate = carver.floats(m * shape.query_gate);
  if (!options.taped) return block;
  if (options.head_norms) {
    block.q_raw = carver.floats(m * shape.q_width);
    block.k_raw = carver.floats(m * shape.kv_width);
    block.inverse_rms_q = carver.floats(m * shape.n_heads);
    block.inverse_rms_k = carver.floats(m * shape.n_kv_heads);
  }
  if (shape.normed_values > 0) {
    block.v_raw = carver.floats(m * shape.normed_values);
    block.inverse_rms_v = carver.floats(m * shape.n_kv_heads);
  }
  if (options.post_norms) {
    block.attn_product = carver.floats(m * spec.width);
    block.ffn_product = carver.floats(m * spec.width);
    block.inverse_rms_attn_post = carver.floats(m);
    block.inverse_rms_ffn_post = carver.floats(m);
  }
  block.inverse_rms_attn = carver.floats(m);
  block.lse = carver.floats(m * shape.n_heads);
  block.h = carver.floats(m * spec.width);
  block.inverse_rms_ffn = carver.floats(m);
  return block;
}

// Keys and values that later layers read too have arrays of their own.
void carve_shared_keys(Carver& carver, const DecoderSpec& spec, const ActivationOptions& options, Activations& a) {
  if (options.cached) return;
  for (int32_t l = 0; l < spec.n_layers(); ++l) {
    if (!spec.shares_keys(l) || a.kept[static_cast<size_t>(l)]) continue;
    const int64_t n = options.max_tokens * spec.layers[static_cast<size_t>(l)].kv_width();
    a.blocks[static_cast<size_t>(l)].k = carver.floats(n);
    a.blocks[static_cast<size_t>(l)].v = carver.floats(n);
  }
}

}  // namespace

int64_t product_rows(const DecoderSpec& spec, int64_t m) noexcept {
  return m * std::max({int64_t{1}, largest_experts(spec).n_used, 2 * largest(spec).latent.heads});
}

int64_t largest_input(const DecoderSpec& spec, int64_t m) noexcept {
  const BlockShape shape = largest(spec);
  const int64_t slot_width = std::max(shape.experts.n_used * spec.width, shape.experts.slot_ff);
  return m * std::max({int64_t{spec.width}, shape.q_width, shape.ff_width, shape.experts.shared_width, slot_width,
                       shape.mixer.inner, shape.latent.q_rank, shape.attended, int64_t{spec.layer_inputs.width}});
}

int64_t kept_layer_bytes(const DecoderSpec& spec, int32_t layer, const ActivationOptions& options) {
  Carver counter(nullptr);
  BlockShape shape;
  shape.include(spec.layers[static_cast<size_t>(layer)], spec.width);
  shape.include_outputs(spec, layer);
  carve_block(counter, spec, shape, options);
  return counter.n_bytes();
}

Activations carve_activations(Carver& carver, const DecoderSpec& spec, const ActivationOptions& options) {
  const int64_t m = options.max_tokens;
  const int32_t n_layers = spec.n_layers();
  const BlockShape shape = largest(spec);
  Activations a;
  for (const RopeSpec& rope : spec.ropes) {
    a.cosines.push_back(carver.floats(m * (rope.n_dims / 2)));
    a.sines.push_back(carver.floats(m * (rope.n_dims / 2)));
  }
  if (spec.query_temperature != 0.0f) a.query_factors = carver.floats(m);
  a.normed = carver.floats(m * spec.width);
  if (options.taped) a.gated = carver.floats(m * shape.ff_width);
  a.experts = carve_expert_scratch(carver, spec, shape.experts, m, options.taped, options.balance);
  a.mixer = carve_mixer_scratch(carver, shape.mixer, m);
  a.layer_inputs = carve_layer_input_scratch(carver, spec, m, options.layer_input_gradient);
  a.gated_queries = carver.floats(2 * m * shape.query_gate);
  if (options.dropout) a.dropped = carver.floats(largest_input(spec, m));

  float* stream = carver.floats(m * spec.width);
  a.streams.assign(static_cast<size_t>(n_layers) + 1, stream);
  const int32_t first_kept = n_layers - options.n_kept;
  const BlockActivations shared =
      options.taped && first_kept <= 0 ? BlockActivations{} : carve_block(carver, spec, shape, options);
  a.blocks.assign(static_cast<size_t>(n_layers), shared);
  a.kept.assign(static_cast<size_t>(n_layers), false);
  if (!options.taped) {
    carve_shared_keys(carver, spec, options, a);
    return a;
  }
  std::array<float*, 2> turns{};
  for (int32_t l = options.first_layer; l < n_layers; ++l) {
    float*& turn = turns[static_cast<size_t>(l % 2)];
    if (l - options.first_layer < 2 || !options.offload) turn = carver.floats(m * spec.width);
    a.streams[static_cast<size_t>(l) + 1] = turn;
  }
  for (int32_t l = std::max(first_kept, 0); l < n_layers; ++l) {
    BlockShape own;
    own.include(spec.layers[static_cast<size_t>(l)], spec.width);
    own.include_outputs(spec, l);
    a.blocks[static_cast<size_t>(l)] = carve_block(carver, spec, own, options);
    a.kept[static_cast<size_t>(l)] = true;
  }
  carve_shared_keys(carver, spec, options, a);
  return a;
}

}  // namespace chaku
