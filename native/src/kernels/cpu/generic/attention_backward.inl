// Backward of attention in float32.
#pragma once

#include "kernels/cpu/generic/attention_gradients.inl"
#include "kernels/reference/reference.h"

namespace chaku::CHAKU_ISA {

void attention_backward(const AttentionBackwardProblem& p, Queue& queue) noexcept {
  if (p.forward.head_dim > kMostHeadDim) return reference::attention_backward(p, queue);
  attention_gradients<FloatOperands>(p, queue);
}

}  // namespace chaku::CHAKU_ISA
