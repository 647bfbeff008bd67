// Backward of what layers add of inputs of their own (formulas of the forward: model/layer_inputs.h).
#pragma once

#include "model/layer_inputs.h"
#include "train/backward_scratch.h"
#include "train/parameters.h"

namespace chaku {

// Which gradients of a layer's end are wanted.
struct LayerInputBackwardEnd {
  bool below_out = true;   // anything below the product that ends it
  bool below_gate = true;  // anything below the gate
};

// scratch.d_stream of the stream behind the layer becomes that of the stream before its input. Overwrites
// scratch.d_normed and the tape of the layer's end.
void layer_input_backward(const Decoder& decoder, int32_t layer, int64_t m, const LayerInputBackwardEnd& end,
                          const Activations& a, const BackwardScratch& scratch,
                          const LayerGradients& gradients) noexcept;

// What the table, the projection and the embedding have of scratch.layer_inputs.d_inputs, the gradient of all layers'
// inputs: adds the last to scratch.d_stream. Full training.
void layer_inputs_backward(const Decoder& decoder, const Batch& batch, const Activations& a,
                           const BackwardScratch& scratch, const Gradients& gradients) noexcept;

}  // namespace chaku
