// The backward pass over the tape that forward() left. Gradients of activations are overwritten; gradients of
// parameters are accumulated into. Nothing is formed that no trained parameter needs: no gradient of frozen weights,
// and nothing below the lowest trained product.
#pragma once

#include "model/activations.h"
#include "model/batch.h"
#include "model/decoder.h"
#include "train/backward_end.h"
#include "train/backward_scratch.h"
#include "train/parameters.h"

namespace chaku {

// Turns scratch.d_stream from the gradient of the last block's output into that of the first differentiated block's
// input, adding to `gradients` on the way; overwrites the tape. With the embedding trained, its gradient too.
// Throws Error(kCancelled) alone.
void backward(const Decoder& decoder, const Batch& batch, const BackwardEnd& end, Activations& a,
              const BackwardScratch& scratch, const Gradients& gradients);

}  // namespace chaku
