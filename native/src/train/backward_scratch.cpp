#include "train/backward_scratch.h"

#include <algorithm>

#include "model/activations.h"
#include "model/linear.h"

namespace chaku {

ExpertBackwardScratch carve_expert_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens) {
  const ExpertShape shape = largest_experts(spec);
  ExpertBackwardScratch s;
  if (!shape.any()) return s;
  s.d_rows = carver.floats(max_tokens * shape.n_used * spec.width);
  s.d_gated = carver.floats(max_tokens * std::max(shape.slot_ff, shape.shared_width));
  s.d_weights = carver.floats(max_tokens * shape.n_used);
  s.d_logits = carver.floats(max_tokens * shape.n_experts);
  return s;
}

MixerBackwardScratch carve_mixer_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens) {
  MixerShape shape;
  for (const LayerSpec& layer : spec.layers) shape.include(layer.mixer, spec.width);
  MixerBackwardScratch scratch;
  if (shape.channels == 0) return scratch;
  scratch.d_mixed = carver.floats(max_tokens * shape.inner);
  scratch.d_convolved = carver.floats(max_tokens * shape.channels);
  scratch.d_beta = carver.floats(max_tokens * shape.heads);
  scratch.d_alpha = carver.floats(max_tokens * shape.heads);
  return scratch;
}

LatentBackwardScratch carve_latent_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens) {
  LatentShape shape;
  for (const LayerSpec& layer : spec.layers) shape.include(layer);
  LatentBackwardScratch scratch;
  if (shape.heads == 0) return scratch;
  scratch.d_values = carver.floats(max_tokens * shape.values);
  scratch.d_queries = carver.floats(max_tokens * shape.queries);
  scratch.d_q_low = carver.floats(max_tokens * shape.q_rank);
  return scratch;
}

LayerInputBackwardScratch carve_layer_input_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens,
                                                     bool differentiated) {
  LayerInputBackwardScratch scratch;
  if (spec.layer_inputs.width == 0 || !differentiated) return scratch;
  scratch.d_inputs = carver.floats(max_tokens * spec.n_layer_inputs());
  return scratch;
}

BackwardScratch carve_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens, int32_t rank,
                               bool layer_input_gradient) {
  int64_t q_width = 0, kv_width = 0;
  for (const LayerSpec& layer : spec.layers) {
    q_width = std::max(q_width, layer.q_width());
    kv_width = std::max(kv_width, layer.kv_width());
  }
  BackwardScratch s;
  s.d_stream = carver.floats(max_tokens * spec.width);
  s.d_normed = carver.floats(max_tokens * spec.width);
  s.d_o = carver.floats(max_tokens * q_width);
  s.dq = carver.floats(max_tokens * q_width);
  s.dk = carver.floats(max_tokens * kv_width);
  s.dv = carver.floats(max_tokens * kv_width);
  if (std::any_of(spec.layers.begin(), spec.layers.end(), [](const LayerSpec& l) { return l.parallel; }))
    s.d_branch = carver.floats(max_tokens * spec.width);
  s.d_low_rank = carver.floats(std::max(product_rows(spec, max_tokens), int64_t{kMostLinears} * max_tokens) * rank);
  s.experts = carve_expert_backward(carver, spec, max_tokens);
  s.mixer = carve_mixer_backward(carver, spec, max_tokens);
  s.latent = carve_latent_backward(carver, spec, max_tokens);
  s.layer_inputs = carve_layer_input_backward(carver, spec, max_tokens, layer_input_gradient);
  for (int32_t l = 0; l < spec.n_layers(); ++l) {
    const int64_t n = spec.shares_keys(l) ? max_tokens * spec.layers[static_cast<size_t>(l)].kv_width() : 0;
    s.shared.dk.push_back(n > 0 ? carver.floats(n) : nullptr);
    s.shared.dv.push_back(n > 0 ? carver.floats(n) : nullptr);
  }
  return s;
}

}  // namespace chaku
