// The backward pass over the tape that forward() left. Gradients of activations are overwritten; gradients of
// parameters are accumulated into. Nothing is formed that no trained parameter needs: no gradient of frozen weights,
// and nothing below the lowest trained product.
#pragma once

#include "model/forward.h"
#include "train/parameters.h"

namespace chaku {

// The four groups of a block's products, in forward order: the backward pass ends at the lowest trained one.
enum class Stage : int32_t { kQkv = 0, kAttnOutput = 1, kGateUp = 2, kDown = 3 };

// Where the backward pass ends.
struct BackwardEnd {
  int32_t layer = -1;           // lowest layer with a trained parameter; n_layers where only the head has one
  Stage stage = Stage::kQkv;    // its lowest trained product
  bool input_gradient = false;  // the gradient of that layer's input is needed too (norms or embedding are trained)
};
// For low-rank additions to `targets` of every layer; for full training with full = true.
BackwardEnd backward_end(const DecoderSpec& spec, uint64_t targets, bool full) noexcept;

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

// Turns scratch.d_stream from the gradient of the last block's output into that of the first differentiated block's
// input, adding to `gradients` on the way; overwrites the tape. With the embedding trained, its gradient too.
// Throws Error(kCancelled) alone.
void backward(const Decoder& decoder, const Batch& batch, const BackwardEnd& end, Activations& a,
              const BackwardScratch& scratch, const Gradients& gradients);

}  // namespace chaku
