// Inputs that layers have of their own (per-layer embeddings, Gemma 3n and 4). With P floats for each layer,
//   i = scale * (table_scale * Table[token] + norm(projection_scale * W e)),   e the embedding,
// and each layer ends with
//   x = output_scale * (x + norm((act(x Wg^T) * i_l) Wo^T)),
// without the sum where a decoder has no such inputs.
#pragma once

#include "model/activations.h"
#include "model/batch.h"
#include "model/decoder.h"

namespace chaku {

// a.layer_inputs.inputs from the embedding in a.streams.front(); nothing where the decoder has none.
void fill_layer_inputs(const Decoder& decoder, const Batch& batch, const Activations& a) noexcept;

// Whether a layer ends with anything of this.
bool ends_with_input(const DecoderSpec& spec, int32_t layer) noexcept;

// out[rows,D], the stream behind the layer from row `first` on, from `stream`, that before; out may be stream.
void add_layer_input(const Decoder& decoder, int32_t layer, int64_t first, int64_t rows, const Activations& a,
                     const BlockActivations& block, const float* stream, float* out) noexcept;

// a.layer_inputs.slice[rows,P] = the layer's input from row `first` on; a.layer_inputs.gated = act(gate) * slice.
void gate_layer_input(const Decoder& decoder, int32_t layer, int64_t first, int64_t rows, const Activations& a,
                      const BlockActivations& block) noexcept;

}  // namespace chaku
