// The one forward pass, of training and inference alike.
//
// Per layer, on the residual stream x [M,D]:
//   h = x + rs * (attention(rope(norm(q)), rope(norm(k)), v) Wo^T),   q, k, v = products of norm(x)
//   x = h + rs * ((act(gate) * up) Wd^T),                             gate, up = products of norm(h);
//                                                                     or experts, see experts.h
// where each product may carry a bias and a low-rank addition, and rs is residual_scale. Sources: Touvron et al. 2023
// (the block), Su et al. 2021 (rotation), Ainslie et al. 2023 (grouped queries), Hu et al. 2021 (low-rank additions).
#pragma once

#include <span>

#include "model/activations.h"
#include "model/batch.h"
#include "model/decoder.h"

namespace chaku {

// Runs all blocks; the last one's output is then in activations.streams.back(). `cache` holds an entry per layer, or is
// empty: keys and values then are the batch's own. Throws Error(kCancelled) alone.
void forward(const Decoder& decoder, const Batch& batch, std::span<const CachedKeyValues> cache, Activations& a);

// The same in pieces: what comes before the first block, then all blocks in their order. Another pass may run in
// between, with activations of its own.
struct LayerRange {
  int32_t begin, end;
};
void enter_blocks(const Decoder& decoder, const Batch& batch, Activations& a);
void run_blocks(const Decoder& decoder, const Batch& batch, std::span<const CachedKeyValues> cache, LayerRange layers,
                Activations& a);

// What the backward pass of a block that was not kept needs again: its arrays, from activations.streams[layer] and the
// rope tables that forward() left. The products of `down` are not among them. Taped. Throws Error(kCancelled) alone.
void recompute_block(const Decoder& decoder, const Batch& batch, int32_t layer, Activations& a);

}  // namespace chaku
