// Backward of a half block of experts (formulas of the forward: model/experts.h). With y_s the output of slot s, of
// token t and weight w_s, and g_s = act(gate_s) * up_s:
//   dy_s = rs dx_t;  dz_s = down^T dy_s;  dw_s = dz_s . g_s + dy_s . bias;  dg_s = w_s dz_s
// from which gate, up and, through the softmax or sigmoid of its weights, the router have theirs.
#pragma once

#include "model/experts.h"
#include "train/backward_scratch.h"
#include "train/parameters.h"

namespace chaku {

// Which of a half block's gradients are wanted.
struct ExpertBackwardEnd {
  bool below_down = true;    // anything below the products `down`
  bool below_inputs = true;  // anything below the products of the input
};

// Reads scratch.d_stream, the gradient of the block's output; a.normed holds the half block's normed input. Overwrites
// scratch.d_normed with the gradient of that input (where below_inputs), overwrites the tape of the block, accumulates
// into `gradients`.
void experts_backward(const Decoder& decoder, int32_t layer, int64_t m, const ExpertBackwardEnd& end,
                      const Activations& a, const BackwardScratch& scratch, const LayerGradients& gradients) noexcept;

}  // namespace chaku
