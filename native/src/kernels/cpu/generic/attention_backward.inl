// Backward of attention in float32.
#pragma once

#include "kernels/cpu/generic/attention_gradients.inl"
#include "kernels/reference/reference.h"

namespace chaku::CHAKU_ISA {

void attention_backward(const AttentionBackwardProblem& p, ThreadPool& pool) noexcept {
  if (p.forward.head_dim > kMostHeadDim) return reference::attention_backward(p, pool);
  attention_gradients<FloatOperands>(p, pool);
}

}  // namespace chaku::CHAKU_ISA
