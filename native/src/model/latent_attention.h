// Attention over latents (multi-head latent attention, DeepSeek-AI 2024): of a token are kept a latent c [Rkv], from
// which each head's key and value follow, and a rotated part p [Dr] that all key heads share.
//   c, p = x Wkva^T;  c = norm(c);  p = rope(p);        kept: [c, p]
//   q = norm(x Wqa^T) Wqb^T, or x Wq^T; of each head plain and rotated part:  q_h = [q'_h, rope(q"_h)]
//   key_h = [Kb_h^T c, p];  value_h = Vb_h c
// Keys and values are never made of latents: a head's score q'_h . Kb_h^T c = (Kb_h q'_h) . c, and a head's result
// sum_j w_j Vb_h c_j = Vb_h sum_j w_j c_j. So this is attention of H query heads [Kb_h q'_h, rope(q"_h)] over one key
// head [c, p], which is its value too (the sum over p goes unused), between a product per head on either side.
// A low-rank addition s B A to both as one product [H*(plain + value), Rkv], a head's plain rows first, gives
//   Kb_h q' + s A^T (B'_h^T q')   and   Vb_h o + s B"_h (A o).
// It sees no dropout: what the latent would lose differs on both sides of a score.
#pragma once

#include "model/activations.h"
#include "model/batch.h"
#include "model/decoder.h"

namespace chaku {

// The parts of a layer's matrices that belong to one head.
struct LatentHead {
  Matrix keys;                           // Kb_h [Rkv,plain]
  Matrix values;                         // Vb_h [value,Rkv]
  int64_t key_rows = 0, value_rows = 0;  // where its rows of B' and B" begin
};
LatentHead latent_head(const LayerSpec& spec, const LayerWeights& weights, int64_t head) noexcept;

// What a product with A makes of all rows and heads, for keys and for values, [M*H,R] each.
struct LatentLowRank {
  const LowRank* pair = nullptr;  // null: none
  float* of_keys = nullptr;
  float* of_values = nullptr;
};
LatentLowRank latent_low_rank(const Decoder& decoder, int32_t layer, int64_t m, const BlockActivations& block) noexcept;

// block.q[m - first,...] and k[m,Dh] of x, the layer's normed input [m,D].
void latent_queries_keys(const Decoder& decoder, int32_t layer, const float* x, int64_t m, int64_t first,
                         const Activations& a, const BlockActivations& block, float* k) noexcept;

// block.latent.values[m,...] of block.o.
void latent_values(const Decoder& decoder, int32_t layer, int64_t m, const BlockActivations& block) noexcept;

// The rotated parts of queries or keys in rows of n_heads heads, by tokens `first_row` on of the batch.
void rotate_latent(const Decoder& decoder, int32_t layer, const Activations& a, float* x, int64_t first_row, int64_t m,
                   int32_t n_heads, bool backward) noexcept;

}  // namespace chaku
