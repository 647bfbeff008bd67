// Backward pass of one block, dense or not.
#pragma once

#include "model/activations.h"
#include "model/batch.h"
#include "model/decoder.h"
#include "train/backward_end.h"
#include "train/backward_scratch.h"
#include "train/parameters.h"

namespace chaku {

// Turns scratch.d_stream from the gradient of the block's output into that of its input, as far as `end` asks for it;
// overwrites the block's tape and adds to `gradients`. Throws Error(kCancelled) alone.
void block_backward(const Decoder& decoder, const Batch& batch, const BackwardEnd& end, int32_t layer, Activations& a,
                    const BackwardScratch& scratch, const Gradients& gradients);

}  // namespace chaku
