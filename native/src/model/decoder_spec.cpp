#include "model/decoder_spec.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace chaku {
namespace {

void check_range(const char* op, const char* field, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high)
    fail(Code::kInvalidArgument, "[%s] expected %s in %lld..%lld, got %lld", op, field, static_cast<long long>(low),
         static_cast<long long>(high), static_cast<long long>(value));
}

void check_finite(const char* op, const char* field, float value) {
  if (!std::isfinite(value)) fail(Code::kInvalidArgument, "[%s] expected a finite %s, got %g", op, field, value);
}

void check_not_negative(const char* op, const char* field, float value) {
  check_finite(op, field, value);
  if (value < 0.0f) fail(Code::kInvalidArgument, "[%s] expected %s >= 0, got %g", op, field, value);
}

const char* plain_name(Module module) noexcept {
  switch (module) {
    case Module::kTokenEmbedding: return "token_embedding";
    case Module::kOutputNorm: return "output_norm";
    case Module::kOutput: return "output";
    case Module::kPositionEmbedding: return "position_embedding";
    case Module::kEmbeddingNorm: return "embedding_norm";
    case Module::kAttnNorm: return "attn_norm";
    case Module::kAttnQ: return "attn_q";
    case Module::kAttnK: return "attn_k";
    case Module::kAttnV: return "attn_v";
    case Module::kAttnOutput: return "attn_output";
    case Module::kAttnQNorm: return "attn_q_norm";
    case Module::kAttnKNorm: return "attn_k_norm";
    case Module::kFfnNorm: return "ffn_norm";
    case Module::kFfnGate: return "ffn_gate";
    case Module::kFfnUp: return "ffn_up";
    case Module::kFfnDown: return "ffn_down";
    case Module::kAttnPostNorm: return "attn_post_norm";
    case Module::kFfnPostNorm: return "ffn_post_norm";
    case Module::kSharedRouter: return "ffn_gate_inp_shexp";
    case Module::kExpertGate: return "ffn_gate_exps";
    case Module::kExpertUp: return "ffn_up_exps";
    case Module::kExpertDown: return "ffn_down_exps";
    case Module::kSharedGate: return "ffn_gate_shexp";
    case Module::kSharedUp: return "ffn_up_shexp";
    case Module::kSharedDown: return "ffn_down_shexp";
    case Module::kRouter: return "ffn_gate_inp";
    case Module::kAttnSinks: return "attn_sinks";
    case Module::kMixIn: return "mix_in";
    case Module::kMixGate: return "mix_gate";
    case Module::kMixInputGate: return "mix_input_gate";
    case Module::kMixBeta: return "mix_beta";
    case Module::kMixAlpha: return "mix_alpha";
    case Module::kMixOut: return "mix_out";
    case Module::kMixTaps: return "mix_taps";
    case Module::kMixRate: return "mix_rate";
    case Module::kMixNorm: return "mix_norm";
    case Module::kLayerInputTable: return "per_layer_token_embd";
    case Module::kLayerInputProjection: return "per_layer_model_proj";
    case Module::kLayerInputNorm: return "per_layer_proj_norm";
    case Module::kAttnVNorm: return "attn_v_norm";
    case Module::kSelectionBias: return "exp_probs_b";
    case Module::kAttnQA: return "attn_q_a";
    case Module::kAttnQB: return "attn_q_b";
    case Module::kAttnKvA: return "attn_kv_a_mqa";
    case Module::kAttnKB: return "attn_k_b";
    case Module::kAttnVB: return "attn_v_b";
    case Module::kAttnKvB: return "attn_kv_b";
    case Module::kAttnQANorm: return "attn_q_a_norm";
    case Module::kAttnKvANorm: return "attn_kv_a_norm";
    case Module::kLayerInputGate: return "inp_gate";
    case Module::kLayerInputOut: return "proj";
    case Module::kLayerInputPostNorm: return "post_norm";
    case Module::kTypeEmbedding: return "type_embedding";
    case Module::kHeadDense: return "head_dense";
    case Module::kHeadNorm: return "head_norm";
    case Module::kHeadOut: return "head_out";
  }
  return "unknown module";
}

Shape expert_shape(const ExpertSpec& e, int64_t width, LayerLinear linear) noexcept {
  switch (linear) {
    case kLinearRouter: return {e.n_experts, width};
    case kLinearExpertGate:
    case kLinearExpertUp: return {int64_t{e.n_experts} * e.ff_width, width};
    case kLinearExpertDown: return {e.n_experts * width, e.ff_width};
    case kLinearSharedRouter: return {e.shared_ff_width > 0 ? 1 : 0, width};
    case kLinearSharedGate:
    case kLinearSharedUp: return {e.shared_ff_width, width};
    default: return {e.shared_ff_width > 0 ? width : 0, e.shared_ff_width};
  }
}

// No rows where the mixer has no such vectors.
Shape mixer_vector(const MixerSpec& m, int64_t width, Module module) noexcept {
  if (module == Module::kMixTaps) return {m.kind == MixerKind::kNone ? 0 : m.channels(width), m.taps};
  const bool delta = m.kind == MixerKind::kDeltaRule;
  return {delta ? 1 : 0, module == Module::kMixRate ? m.n_value_heads : m.value_dim};
}

Shape mixer_shape(const MixerSpec& m, int64_t width, LayerLinear linear) noexcept {
  if (m.kind == MixerKind::kNone) return {0, width};
  const int64_t gates = m.kind == MixerKind::kDeltaRule ? m.n_value_heads : 0;
  switch (linear) {
    case kLinearMixIn: return {m.channels(width), width};
    case kLinearMixGate: return {m.inner(width), width};
    case kLinearMixInputGate: return {m.kind == MixerKind::kShortConvolution ? width : 0, width};
    case kLinearMixOut: return {width, m.inner(width)};
    default: return {gates, width};
  }
}

// No rows where attention is not latent.
Shape latent_shape(const LayerSpec& l, int64_t width, LayerLinear linear) noexcept {
  const LatentSpec& s = l.latent;
  const int64_t heads = l.is_latent() ? l.n_heads : 0, latent = l.is_latent() ? s.kv_rank : 0;
  switch (linear) {
    case kLinearQA: return {l.is_latent() ? s.q_rank : 0, width};
    case kLinearKvA: return {l.is_latent() ? l.head_dim : 0, width};
    case kLinearQB: return {s.q_rank > 0 ? heads * s.query_dim() : 0, s.q_rank};
    case kLinearKB: return {heads * latent, s.plain_dim};
    case kLinearVB: return {heads * s.value_dim, latent};
    default: return {heads * (s.plain_dim + s.value_dim), latent};
  }
}

Shape query_shape(const LayerSpec& l, int64_t width) noexcept {
  if (!l.is_latent()) return {(l.gated_query ? 2 : 1) * l.q_width(), width};
  return {l.latent.q_rank > 0 ? 0 : l.n_heads * l.latent.query_dim(), width};
}

// Of keys, or of values.
Shape key_shape(const LayerSpec& l, int64_t width, bool values) noexcept {
  return {l.is_latent() || (values && l.values_are_keys) ? 0 : l.own_kv_width(), width};
}

}  // namespace

bool DecoderSpec::ends_keys(int32_t layer) const noexcept {
  return std::all_of(layers.begin() + layer + 1, layers.end(), [](const LayerSpec& l) { return l.kv_source >= 0; });
}

bool DecoderSpec::shares_keys(int32_t layer) const noexcept {
  return std::any_of(layers.begin(), layers.end(), [layer](const LayerSpec& l) { return l.kv_source == layer; });
}

bool DecoderSpec::looks_back() const noexcept {
  return std::none_of(layers.begin(), layers.end(), [](const LayerSpec& l) { return l.both_ways; });
}

bool DecoderSpec::mixes() const noexcept {
  return std::any_of(layers.begin(), layers.end(), [](const LayerSpec& l) { return l.mixes(); });
}

Shape DecoderSpec::shape(int32_t layer, LayerLinear linear) const noexcept {
  const LayerSpec& l = layers[static_cast<size_t>(layer)];
  switch (linear) {
    case kLinearQ: return query_shape(l, width);
    case kLinearK: return key_shape(l, width, false);
    case kLinearV: return key_shape(l, width, true);
    case kLinearO: return {l.mixes() ? 0 : width, l.attended_width()};
    case kLinearQA:
    case kLinearKvA:
    case kLinearQB:
    case kLinearKB:
    case kLinearVB:
    case kLinearKvB: return latent_shape(l, width, linear);
    case kLinearLayerGate: return {layer_inputs.width, width};
    case kLinearLayerOut: return {layer_inputs.width > 0 ? width : 0, layer_inputs.width};
    case kLinearMixIn:
    case kLinearMixGate:
    case kLinearMixInputGate:
    case kLinearMixBeta:
    case kLinearMixAlpha:
    case kLinearMixOut: return mixer_shape(l.mixer, width, linear);
    case kLinearGate: return {l.gated && l.experts.n_experts == 0 ? l.ff_width : 0, width};
    case kLinearUp: return {l.experts.n_experts > 0 ? 0 : l.ff_width, width};
    case kLinearDown: return {l.experts.n_experts > 0 ? 0 : width, l.ff_width};
    default: return expert_shape(l.experts, width, linear);
  }
}

int64_t DecoderSpec::n_stacked(int32_t layer, LayerLinear linear) const noexcept {
  return is_stacked(linear) ? std::max(1, layers[static_cast<size_t>(layer)].experts.n_experts) : 1;
}

Shape DecoderSpec::shape(Module module, int32_t layer) const noexcept {
  const int32_t linear = linear_of(module);
  if (linear >= 0) return shape(layer, static_cast<LayerLinear>(linear));
  switch (module) {
    case Module::kTokenEmbedding:
    case Module::kOutput: return {vocab_size, width};
    case Module::kPositionEmbedding: return {n_positions, width};
    case Module::kTypeEmbedding: return {n_types, width};
    case Module::kHeadDense: return {head.dense_width, width};
    case Module::kHeadNorm: return {head.dense_width > 0 ? 1 : 0, head.dense_width};
    case Module::kHeadOut: return {head.out_width, head.dense_width > 0 ? head.dense_width : width};
    case Module::kAttnQNorm: return layers[static_cast<size_t>(layer)].head_norm(kNormQ);
    case Module::kAttnKNorm: return layers[static_cast<size_t>(layer)].head_norm(kNormK);
    case Module::kAttnSinks: return {1, layers[static_cast<size_t>(layer)].n_heads};
    case Module::kMixTaps:
    case Module::kMixRate:
    case Module::kMixNorm: return mixer_vector(layers[static_cast<size_t>(layer)].mixer, width, module);
    case Module::kLayerInputTable: return {layer_inputs.width > 0 ? vocab_size : 0, n_layer_inputs()};
    case Module::kLayerInputProjection: return {n_layer_inputs(), width};
    case Module::kLayerInputNorm: return {layer_inputs.width > 0 ? 1 : 0, layer_inputs.width};
    case Module::kLayerInputPostNorm: return {layer_inputs.width > 0 ? 1 : 0, width};
    case Module::kAttnVNorm: return {0, 0};
    case Module::kSelectionBias: return {1, layers[static_cast<size_t>(layer)].experts.n_experts};
    case Module::kAttnQANorm: return {1, layers[static_cast<size_t>(layer)].latent.q_rank};
    case Module::kAttnKvANorm: return {1, layers[static_cast<size_t>(layer)].latent.kv_rank};
    default: return {1, width};
  }
}

DecoderSpec make_decoder_spec(int32_t n_layers, int32_t width, int32_t vocab_size) {
  check_range("model", "n_layers", n_layers, 1, kMaxLayers);
  check_range("model", "width", width, 1, kMaxWidth);
  check_range("model", "vocab_size", vocab_size, 1, kMaxVocab);
  DecoderSpec spec;
  spec.width = width;
  spec.vocab_size = vocab_size;
  spec.layers.resize(static_cast<size_t>(n_layers));
  return spec;
}

void check_decoder_spec(const DecoderSpec& spec) {
  check_not_negative("model", "norm_epsilon", spec.norm_epsilon);
  check_finite("model", "embedding_scale", spec.embedding_scale);
  check_finite("model", "residual_scale", spec.residual_scale);
  check_finite("model", "logit_scale", spec.logit_scale);
  check_finite("model", "query_temperature", spec.query_temperature);
  check_not_negative("model", "logit_soft_cap", spec.logit_soft_cap);
  if (spec.norm_kind != NormKind::kRms && spec.norm_kind != NormKind::kLayer)
    fail(Code::kInvalidArgument, "[model] expected norm_kind 0 or 1, got %d", static_cast<int>(spec.norm_kind));
  check_range("model", "query_temperature_length", spec.query_temperature_length,
              spec.query_temperature != 0.0f ? 1 : 0, INT32_MAX);
}

void check_rope(const RopeSpec& rope) {
  if (rope.pairing != RopePairing::kAdjacent && rope.pairing != RopePairing::kHalves)
    fail(Code::kInvalidArgument, "[rope] expected pairing 0 or 1, got %d", static_cast<int>(rope.pairing));
  check_range("rope", "n_dims", rope.n_dims, 2, kMaxHeadDim);
  if (rope.n_dims % 2 != 0) fail(Code::kInvalidArgument, "[rope] expected an even n_dims, got %d", rope.n_dims);
  check_finite("rope", "magnitude", rope.magnitude);
  check_range("rope", "long_after", rope.long_after, 0, INT32_MAX);
  for (size_t i = 0; i < rope.inverse_frequencies.size(); ++i)
    if (!std::isfinite(rope.inverse_frequencies[i]))
      fail(Code::kInvalidArgument, "[rope] expected finite inverse frequencies, got %g (pair %zu)",
           rope.inverse_frequencies[i], i);
}

void check_layer(const DecoderSpec& spec, int32_t layer, const LayerSpec& options) {
  check_range("layer", "layer", layer, 0, spec.n_layers() - 1);
  check_range("layer", "n_heads", options.n_heads, 1, kMaxHeads);
  check_range("layer", "n_kv_heads", options.n_kv_heads, 1, options.n_heads);
  if (options.n_heads % options.n_kv_heads != 0)
    fail(Code::kInvalidArgument, "[layer] expected n_kv_heads to divide n_heads %d, got %d (layer %d)", options.n_heads,
         options.n_kv_heads, layer);
  check_range("layer", "head_dim", options.head_dim, 1, kMaxHeadDim);
  check_range("layer", "ff_width", options.ff_width, 1, kMaxVocab);
  check_range("layer", "window", options.window, 0, INT32_MAX);
  if (options.activation != Activation::kSilu && options.activation != Activation::kGeluTanh &&
      options.activation != Activation::kGelu && options.activation != Activation::kClampedSwiGlu)
    fail(Code::kUnsupported,
         "[layer] expected activation 0 (silu), 1 (gelu by tanh), 4 (clamped swiglu) or 5 (gelu), got %d (layer %d)",
         static_cast<int>(options.activation), layer);
  check_range("layer", "rope", options.rope, -1, static_cast<int64_t>(spec.ropes.size()) - 1);
  if (options.rope >= 0 && spec.ropes[static_cast<size_t>(options.rope)].n_dims > options.head_dim)
    fail(Code::kInvalidArgument, "[layer] expected a rope of at most head_dim %d dimensions, got %d (layer %d)",
         options.head_dim, spec.ropes[static_cast<size_t>(options.rope)].n_dims, layer);
  check_finite("layer", "attention_scale", options.attention_scale);
  check_finite("layer", "output_scale", options.output_scale);
  check_not_negative("layer", "attention_soft_cap", options.attention_soft_cap);
  check_not_negative("layer", "alibi_bias", options.alibi_bias);
  if (options.norm_sums && options.parallel)
    fail(Code::kUnsupported, "[layer] expected no norms of sums in a parallel layer, got both (layer %d)", layer);
}

void check_head(const HeadSpec& options) {
  check_range("head", "activation", static_cast<int64_t>(options.activation), 0, 2);
}

void check_experts(const DecoderSpec& spec, int32_t layer, const ExpertSpec& options) {
  check_range("experts", "layer", layer, 0, spec.n_layers() - 1);
  if (spec.layers[static_cast<size_t>(layer)].n_heads == 0)
    fail(Code::kInvalidState, "[experts] expected a layer that is set, got none (layer %d)", layer);
  check_range("experts", "n_experts", options.n_experts, 1, kMaxExperts);
  check_range("experts", "n_used", options.n_used, 1, options.n_experts);
  check_range("experts", "ff_width", options.ff_width, 1, kMaxVocab);
  check_range("experts", "shared_ff_width", options.shared_ff_width, 0, kMaxVocab);
  check_range("experts", "gating", static_cast<int64_t>(options.gating), 0, 2);
  check_finite("experts", "weights_scale", options.weights_scale);
  check_range("experts", "n_groups", options.n_groups, 0, options.n_experts);
  if (options.n_groups == 0) return;
  if (options.n_experts % options.n_groups != 0)
    fail(Code::kInvalidArgument, "[experts] expected n_groups to divide n_experts %d, got %d (layer %d)",
         options.n_experts, options.n_groups, layer);
  check_range("experts", "n_groups_used", options.n_groups_used, 1, options.n_groups);
  check_range("experts", "n_used", options.n_used, 1,
              int64_t{options.n_experts} / options.n_groups * options.n_groups_used);
}

void check_mixer(const DecoderSpec& spec, int32_t layer, const MixerSpec& options) {
  check_range("mixer", "layer", layer, 0, spec.n_layers() - 1);
  if (spec.layers[static_cast<size_t>(layer)].n_heads == 0)
    fail(Code::kInvalidState, "[mixer] expected a layer that is set, got another (layer %d)", layer);
  check_range("mixer", "kind", static_cast<int64_t>(options.kind), 1, 2);
  check_range("mixer", "taps", options.taps, 1, kMostTaps);
  if (options.kind == MixerKind::kShortConvolution) return;
  check_range("mixer", "n_value_heads", options.n_value_heads, 1, kMaxHeads);
  check_range("mixer", "n_key_heads", options.n_key_heads, 1, options.n_value_heads);
  if (options.n_value_heads % options.n_key_heads != 0)
    fail(Code::kInvalidArgument, "[mixer] expected n_key_heads to divide n_value_heads %d, got %d (layer %d)",
         options.n_value_heads, options.n_key_heads, layer);
  check_range("mixer", "key_dim", options.key_dim, 1, kMostKeyDim);
  check_range("mixer", "value_dim", options.value_dim, 1, kMaxHeadDim);
}

void check_latent(const DecoderSpec& spec, int32_t layer, const LatentSpec& options) {
  check_range("latent", "layer", layer, 0, spec.n_layers() - 1);
  const LayerSpec& l = spec.layers[static_cast<size_t>(layer)];
  if (l.n_heads == 0) fail(Code::kInvalidState, "[latent] expected a layer that is set, got none (layer %d)", layer);
  check_range("latent", "q_rank", options.q_rank, 0, kMaxWidth);
  check_range("latent", "kv_rank", options.kv_rank, 1, kMaxHeadDim);
  check_range("latent", "plain_dim", options.plain_dim, 1, kMaxHeadDim);
  check_range("latent", "rope_dim", options.rope_dim, 1, kMaxHeadDim);
  check_range("latent", "value_dim", options.value_dim, 1, kMaxHeadDim);
  if (l.n_kv_heads != 1 || l.head_dim != options.kv_rank + options.rope_dim)
    fail(Code::kInvalidArgument, "[latent] expected one key head of kv_rank + rope_dim = %d, got %d of %d (layer %d)",
         options.kv_rank + options.rope_dim, l.n_kv_heads, l.head_dim, layer);
  if (l.rope >= 0 && spec.ropes[static_cast<size_t>(l.rope)].n_dims > options.rope_dim)
    fail(Code::kInvalidArgument, "[latent] expected a rope of at most rope_dim %d dimensions, got %d (layer %d)",
         options.rope_dim, spec.ropes[static_cast<size_t>(l.rope)].n_dims, layer);
  if (l.gated_query || l.value_norm || l.values_are_keys || l.kv_source >= 0)
    fail(Code::kUnsupported, "[latent] expected no gated queries, value norms and shared keys beside it (layer %d)",
         layer);
}

void check_kv_source(const DecoderSpec& spec, int32_t layer, int32_t source) {
  check_range("kv_source", "layer", layer, 1, spec.n_layers() - 1);
  check_range("kv_source", "source", source, 0, layer - 1);
  const LayerSpec &l = spec.layers[static_cast<size_t>(layer)], &from = spec.layers[static_cast<size_t>(source)];
  if (l.n_heads == 0 || from.n_heads == 0)
    fail(Code::kInvalidState, "[kv_source] expected layers that are set, got others (layers %d and %d)", layer, source);
  if (from.kv_source >= 0 || from.mixes() || from.is_latent() || l.is_latent() || l.mixes() || l.values_are_keys)
    fail(Code::kUnsupported, "[kv_source] expected ordinary attention with keys of its own, got another (layer %d)",
         source);
  if (l.n_kv_heads != from.n_kv_heads || l.head_dim != from.head_dim)
    fail(Code::kInvalidArgument, "[kv_source] expected %d key heads of %d as in layer %d, got %d of %d (layer %d)",
         from.n_kv_heads, from.head_dim, source, l.n_kv_heads, l.head_dim, layer);
}

void check_output_scale(const DecoderSpec& spec, int32_t layer, float scale) {
  check_range("output_scale", "layer", layer, 0, spec.n_layers() - 1);
  if (spec.layers[static_cast<size_t>(layer)].n_heads == 0)
    fail(Code::kInvalidState, "[output_scale] expected a layer that is set, got none (layer %d)", layer);
  check_finite("output_scale", "scale", scale);
}

void check_layer_inputs(const LayerInputSpec& options) {
  check_range("layer_inputs", "width", options.width, 1, kMaxHeadDim);
  check_finite("layer_inputs", "table_scale", options.table_scale);
  check_finite("layer_inputs", "projection_scale", options.projection_scale);
  check_finite("layer_inputs", "scale", options.scale);
}

int32_t linear_of(Module module) noexcept {
  for (int32_t i = 0; i < kLayerLinears; ++i)
    if (kLinearModules[static_cast<size_t>(i)] == module) return i;
  return -1;
}

bool is_adaptable(Module module) noexcept {
  if (module == Module::kAttnKB || module == Module::kAttnVB || is_router(module)) return false;
  return module == Module::kOutput || linear_of(module) >= 0;
}

int32_t norm_of(Module module) noexcept {
  for (int32_t i = 0; i < kLayerNorms; ++i)
    if (kNormModules[static_cast<size_t>(i)] == module) return i;
  return -1;
}

bool is_vector(Module module) noexcept {
  return module == Module::kOutputNorm || module == Module::kEmbeddingNorm || module == Module::kLayerInputNorm ||
         module == Module::kHeadNorm || norm_of(module) >= 0;
}

bool is_module(int32_t module) noexcept { return (module >= 0 && module <= 21) || (module >= 23 && module <= 55); }

std::vector<float> alibi_slopes(float bias, int32_t n_heads) {
  int32_t whole = 1;  // the largest power of two within n_heads
  while (2 * whole <= n_heads) whole *= 2;
  std::vector<float> slopes;
  for (int32_t h = 0; h < n_heads; ++h) {
    const double exponent = h < whole ? static_cast<double>(h + 1) / whole : (2.0 * (h - whole) + 1.0) / (2.0 * whole);
    slopes.push_back(static_cast<float>(std::exp2(-bias * exponent)));
  }
  return slopes;
}

std::string module_name(Module module, int32_t layer) {
  std::string name = plain_name(module);
  if (layer >= 0) name += " of layer " + std::to_string(layer);
  return name;
}

}  // namespace chaku
