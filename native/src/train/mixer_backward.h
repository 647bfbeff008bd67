// Backward of a half block with a running memory (formulas of the forward: model/mixer.h), from the gradient of what
// goes into its output product down to the products of its input.
#pragma once

#include "model/mixer.h"
#include "train/backward_scratch.h"
#include "train/parameters.h"

namespace chaku {

// Reads scratch.mixer.d_mixed[M,I]; a.normed holds the half block's normed input, and mix_again() has run. Overwrites
// scratch.d_normed with the gradient of that input, if `below`, and the tape of the block; accumulates into
// `gradients`.
void mixer_backward(const Decoder& decoder, const Batch& batch, int32_t layer, bool below, const Activations& a,
                    const BackwardScratch& scratch, const LayerGradients& gradients) noexcept;

}  // namespace chaku
