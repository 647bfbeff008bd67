// Where a backward pass leaves the gradients of activations.
#pragma once

#include <cstdint>

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
};
BackwardScratch carve_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens, int32_t rank);

}  // namespace chaku
