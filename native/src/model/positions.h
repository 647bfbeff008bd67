// What a forward pass knows of tokens and positions before its blocks: embeddings, rotations, temperatures.
#pragma once

#include "model/activations.h"
#include "model/batch.h"
#include "model/decoder.h"

namespace chaku {

// Fills the tables of activations that depend on the batch's positions alone.
void fill_position_tables(const Decoder& decoder, const Batch& batch, Activations& a) noexcept;

// x[M,D] = the embedding before its norm: of tokens, scaled, plus those of positions and types. `scratch` [M,D] is used
// where the model embeds either.
void embed(const Decoder& decoder, const Batch& batch, float* scratch, float* x) noexcept;

}  // namespace chaku
