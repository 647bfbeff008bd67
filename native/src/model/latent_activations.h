// What a layer with latent attention computes, and where; see model/latent_attention.h.
#pragma once

#include <cstdint>

#include "model/carver.h"
#include "model/decoder_spec.h"

namespace chaku {

// Of one block, kept with it. Its q, k and o are those of ordinary attention with one key head.
struct LatentActivations {
  float* q_low_raw = nullptr;          // [M,Rq] before the norm, taped; lean: q_low
  float* inverse_rms_q_low = nullptr;  // [M], taped
  float* q_low = nullptr;              // [M,Rq]
  float* queries = nullptr;            // [M,H*(plain+rope)] the product of queries
  float* kv_raw = nullptr;             // [M,Dh] before norm and rotation, taped; lean: where the keys go
  float* inverse_rms_kv = nullptr;     // [M], taped
  float* values = nullptr;             // [M,H*value] what goes to the output product
};

// The largest of a decoder's layers, or one layer; all zero without latent attention.
struct LatentShape {
  int64_t heads = 0, q_rank = 0, queries = 0, key = 0, values = 0;

  void include(const LayerSpec& layer) noexcept;
};

LatentActivations carve_latent_block(Carver& carver, const LatentShape& shape, int64_t max_tokens, bool taped);

}  // namespace chaku
