// Small decoders of every kind of architecture that the core computes, for tests that must hold for all of them.
#pragma once

#include <string>

#include "model/tiny_decoder.h"

namespace chaku::test {

struct TinyKind {
  std::string name;
  TinyOptions options;
};

// A quantized decoder whose attention is within a window.
inline TinyOptions quantized() {
  TinyOptions o;
  o.dtype = DType::kQ8_0;
  o.width = o.ff_width = 96;
  o.head_dim = 32;
  o.window = 70;
  return o;
}

inline std::vector<TinyKind> tiny_kinds() {
  std::vector<TinyKind> kinds;
  const auto add = [&](const char* name, auto change) {
    TinyOptions o;
    change(o);
    kinds.push_back({name, o});
  };
  add("soft caps, post norms, gelu", [](TinyOptions& o) {
    o.post_norms = true;
    o.activation = Activation::kGeluTanh;
    o.attention_soft_cap = 1.5f;
    o.logit_soft_cap = 3.0f;
    o.embedding_scale = 2.0f;
    o.window = 4;
  });
  add("post norms with a residual scale and head norms", [](TinyOptions& o) {
    o.post_norms = o.head_norms = true;
    o.residual_scale = 0.6f;
    o.tied = false;
  });
  add("post norms alone, whole-width head norms", [](TinyOptions& o) {
    o.attn_norm = o.ffn_norm = false;
    o.post_norms = o.head_norms = true;
    o.q_norm = {1, 32};
    o.k_norm = {1, 16};
    o.pairing = RopePairing::kHalves;
  });
  add("no norms within layers", [](TinyOptions& o) {
    o.attn_norm = o.ffn_norm = false;
    o.embedding_scale = 0.7f;
  });
  add("layer norm, biases, no gate", [](TinyOptions& o) {
    o.norm_kind = NormKind::kLayer;
    o.biases = o.norm_biases = true;
    o.gated = false;
    o.activation = Activation::kGeluTanh;
  });
  add("layer norm, learned positions", [](TinyOptions& o) {
    o.norm_kind = NormKind::kLayer;
    o.norm_biases = true;
    o.rope = o.gated = false;
    o.activation = Activation::kGeluTanh;
    o.n_positions = 40;
    o.n_kv_heads = 4;
  });
  add("parallel halves that share a norm", [](TinyOptions& o) {
    o.norm_kind = NormKind::kLayer;
    o.norm_biases = o.parallel = true;
    o.ffn_norm = o.gated = false;
    o.activation = Activation::kGeluTanh;
    o.n_kv_heads = 1;
  });
  add("parallel halves that share a norm, norms per head, biases", [](TinyOptions& o) {
    o.norm_kind = NormKind::kLayer;
    o.norm_biases = o.parallel = o.head_norms = o.biases = true;
    o.ffn_norm = false;
    o.residual_scale = 0.8f;
    o.q_norm = {4, 8};
    o.k_norm = {2, 8};
  });
  add("parallel halves with two norms", [](TinyOptions& o) {
    o.norm_kind = NormKind::kLayer;
    o.norm_biases = o.parallel = true;
    o.tied = false;
  });
  add("fall with distance, embedding norm", [](TinyOptions& o) {
    o.norm_kind = NormKind::kLayer;
    o.norm_biases = o.embedding_norm = true;
    o.rope = o.gated = false;
    o.alibi_bias = 4.0f;
    o.embedding_scale = 0.5f;
    o.n_positions = 40;
  });
  add("query temperature, norm after rotation", [](TinyOptions& o) {
    o.head_norms = o.norm_after_rope = true;
    o.query_temperature = 0.4f;
    o.logit_scale = 0.8f;
  });
  add("other frequencies in long contexts", [](TinyOptions& o) { o.long_after = 10; });
  add("short convolutions", [](TinyOptions& o) {
    o.n_layers = 3;
    o.head_norms = true;
    o.mixer.kind = MixerKind::kShortConvolution;
    o.mixer.taps = 3;
  });
  for (const bool tiled : {false, true})
    add(tiled ? "delta rule with tiled heads, gated queries" : "delta rule, gated queries", [&](TinyOptions& o) {
      o.n_layers = 3;
      o.head_norms = o.gated_query = true;
      o.pairing = RopePairing::kHalves;
      o.mixer = {MixerKind::kDeltaRule, 4, 2, 4, 19, 5, tiled};  // short keys would bend the loss within a step
    });
  add("latent attention", [](TinyOptions& o) {
    o.latent = {12, 16, 6, 4, 5};
    o.residual_scale = 0.8f;
  });
  add("latent attention with queries of one product", [](TinyOptions& o) {
    o.latent = {0, 8, 10, 6, 12};
    o.pairing = RopePairing::kHalves;
    o.query_temperature = 0.4f;
  });
  add("wide heads, layers with inputs of their own, shared keys", [](TinyOptions& o) {
    o.n_layers = 5;
    o.wide_layer = 2;
    o.n_kv_shared = 2;
    o.head_norms = o.value_norm = o.post_norms = true;
    o.activation = Activation::kGeluTanh;
    o.window = 4;
    o.output_scale = 0.7f;
    o.layer_inputs = {16, 1.5f, 0.9f, 0.7f};  // fewer are closed all at once, and a norm magnifies what is left
    o.embedding_scale = 5.6f;                 // the root of the width, as in Gemma: the stream outweighs branches
    o.tied = false;
  });
  add("values that are keys, scaled layers", [](TinyOptions& o) {
    o.n_layers = 2;
    o.wide_layer = 1;
    o.head_norms = o.value_norm = o.wide_values_are_keys = true;
    o.output_scale = 0.8f;
  });
  add("gated queries without head norms", [](TinyOptions& o) { o.gated_query = o.biases = true; });
  return kinds;
}

}  // namespace chaku::test
