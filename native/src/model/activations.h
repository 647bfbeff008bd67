// Where a forward pass leaves what it computes. The pass is one piece of code; whether it keeps a tape for the backward
// pass is a matter of this layout alone:
//  - lean (inference, evaluation): the residual stream is updated in place and all layers share one block's arrays;
//  - taped (training): every differentiated layer has its input of its own; the upper `n_kept` layers keep their arrays
//    too, the others share one block's arrays, and the backward pass recomputes them from the input.
// What is cheap to compute again (the normed input of the products, the gated activation) is never kept.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/carver.h"
#include "model/decoder_spec.h"
#include "model/expert_activations.h"
#include "model/latent_activations.h"
#include "model/layer_input_activations.h"
#include "model/mixer_activations.h"
#include "model/offloaded_streams.h"

namespace chaku {

// What one block computes. M tokens; rows are contiguous.
struct BlockActivations {
  float* inverse_rms_attn = nullptr;             // [M], taped; of LayerNorm 1 / deviation, as those below
  float* q_raw = nullptr;                        // [M,H*Dh] before the head norm, taped; else null: normed in place
  float* k_raw = nullptr;                        // [M,Hkv*Dh] likewise
  float* v_raw = nullptr;                        // [M,Hkv*Dh] before the norm of values, taped, where they are normed
  float* inverse_rms_v = nullptr;                // [M*Hkv] likewise
  float* inverse_rms_q = nullptr;                // [M*H], taped, with head norms
  float* inverse_rms_k = nullptr;                // [M*Hkv]
  float* q = nullptr;                            // [M,H*Dh] after norm and rotation
  float* k = nullptr;                            // [M,Hkv*Dh]
  float* v = nullptr;                            // [M,Hkv*Dh]
  float* o = nullptr;                            // [M,H*Dh] attention's result
  float* lse = nullptr;                          // [M,H], taped
  float* attn_product = nullptr;                 // [M,D] before its norm, taped, with post norms
  float* inverse_rms_attn_post = nullptr;        // [M] likewise
  float* h = nullptr;                            // [M,D] residual stream between the halves; null when lean: in place
  float* inverse_rms_ffn = nullptr;              // [M], taped
  float* query_gate = nullptr;                   // [M,H*Dh] of layers whose queries have gates
  float* gate = nullptr;                         // [M,F]
  float* up = nullptr;                           // [M,F]
  float* ffn_product = nullptr;                  // [M,D] as attn_product
  float* inverse_rms_ffn_post = nullptr;         // [M]
  ExpertActivations experts;                     // of a layer with experts, in place of gate and up
  MixerActivations mixer;                        // of a layer with a running memory, in place of q, k, v and o
  LatentActivations latent;                      // of a layer with latent attention
  LayerInputActivations layer_input;             // of a layer with an input of its own
  std::array<float*, kLayerLinears> low_rank{};  // [rows of x, R] x A^T of the modules that have one
  std::array<float*, kLayerLinears> products{};  // [M,N] before the magnitudes, of modules that have some
};

struct Activations {
  std::vector<float*> streams;            // [L+1] of [M,D]: the input of each block, and the last one's output
  OffloadedStreams* offloaded = nullptr;  // where some of them lie in the host's memory in between; null: all stay
  std::vector<BlockActivations> blocks;   // [L]
  std::vector<bool> kept;                 // [L] whether the block's arrays are its own
  float* normed = nullptr;                // [M,D] input of the products of a half block
  float* gated = nullptr;                 // [M,F] taped; lean: in place of gate
  ExpertScratch experts;
  MixerScratch mixer;
  LayerInputScratch layer_inputs;
  float* gated_queries = nullptr;      // [M,2*H*Dh] queries with their gates, or [M,H*Dh] attention's gated result
  float* dropped = nullptr;            // [rows of x, K] input of A after dropout, the largest; null without
  std::vector<float*> cosines, sines;  // per rope, [M, n_dims/2] of the batch's positions
  float* query_factors = nullptr;      // [M] what queries are multiplied by; null where by nothing
};

struct ActivationOptions {
  int64_t max_tokens = 0;
  bool taped = false;
  bool cached = false;      // keys and values go on to a cache, where later layers read them
  bool head_norms = false;  // any layer norms its query or key heads
  bool post_norms = false;  // any layer norms what a half block adds
  bool dropout = false;
  bool layer_input_gradient = false;  // inputs of layers are differentiated
  int32_t first_layer = 0;            // taped: layers below are not differentiated
  int32_t n_kept = 0;                 // taped: so many upper layers keep their arrays
  int32_t rank = 0;                   // of the largest low-rank addition per module
  bool offload = false;               // taped: streams of offloaded_range() take turns in two arrays
  bool balance = false;               // load-balance losses are wanted
  uint32_t low_rank_linears = 0;      // bit i: LayerLinear i has a low-rank addition
  uint32_t magnified_linears = 0;     // bit i: and magnitudes
};

// Rows of the largest input of a product: M, or M U slots where a layer has experts.
int64_t product_rows(const DecoderSpec& spec, int64_t m) noexcept;

// Every size is within the bounds of decoder_spec.h.
Activations carve_activations(Carver& carver, const DecoderSpec& spec, const ActivationOptions& options);

// Bytes that one more kept layer costs.
int64_t kept_layer_bytes(const DecoderSpec& spec, int32_t layer, const ActivationOptions& options);

// The most floats that the input of any product takes, for m tokens.
int64_t largest_input(const DecoderSpec& spec, int64_t m) noexcept;

}  // namespace chaku
