// Where a backward pass leaves the gradients of activations.
#pragma once

#include <cstdint>
#include <vector>

#include "model/carver.h"
#include "model/decoder_spec.h"

namespace chaku {

// Of layers with experts; null without.
struct ExpertBackwardScratch {
  float* d_rows = nullptr;     // [S,D] gradient of the slots' outputs, then of their inputs
  float* d_gated = nullptr;    // [S,F] or [M,Fs], the larger
  float* d_weights = nullptr;  // [S]
  float* d_logits = nullptr;   // [M,E]
  float balance_scale = 0.0f;  // of each layer's load-balance loss, in units of the loss
};
ExpertBackwardScratch carve_expert_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens);

// Of layers with a running memory; null without.
struct MixerBackwardScratch {
  float* d_mixed = nullptr;      // [M,I]
  float* d_convolved = nullptr;  // [M,C]
  float* d_beta = nullptr;       // [M,Hv]
  float* d_alpha = nullptr;      // [M,Hv]
};
MixerBackwardScratch carve_mixer_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens);

// Of layers with latent attention; null without.
struct LatentBackwardScratch {
  float* d_values = nullptr;   // [M,H*value]
  float* d_queries = nullptr;  // [M,H*(plain+rope)]
  float* d_q_low = nullptr;    // [M,Rq]
};
LatentBackwardScratch carve_latent_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens);

// Of layers with inputs of their own; null without, and where those are not differentiated.
struct LayerInputBackwardScratch {
  float* d_inputs = nullptr;  // [M,L*P]
};
LayerInputBackwardScratch carve_layer_input_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens,
                                                     bool differentiated);

// What layers that read keys and values of an earlier one leave to it; per layer, null but for those.
struct SharedKeyGradients {
  std::vector<float*> dk, dv;  // [M,Hkv*Dh]
};

struct BackwardScratch {
  float* d_stream = nullptr;    // [M,D] gradient of the residual stream
  float* d_normed = nullptr;    // [M,D]
  float* d_o = nullptr;         // [M,H*Dh]
  float* dq = nullptr;          // [M,H*Dh]
  float* dk = nullptr;          // [M,Hkv*Dh]
  float* dv = nullptr;          // [M,Hkv*Dh]
  float* d_branch = nullptr;    // [M,D] with parallel layers
  float* d_low_rank = nullptr;  // [rows of x, R], or of kMostLinears products [M,R]
  ExpertBackwardScratch experts;
  MixerBackwardScratch mixer;
  LatentBackwardScratch latent;
  LayerInputBackwardScratch layer_inputs;
  SharedKeyGradients shared;
};
BackwardScratch carve_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens, int32_t rank,
                               bool layer_input_gradient);

}  // namespace chaku
