// Attention of many queries on tiles; few stay in float32.
#define CHAKU_ISA amx
#include "kernels/cpu/amx/attention_operands.h"
#include "kernels/cpu/amx/ops.h"
#include "kernels/cpu/generic/attention_rounded.inl"

namespace chaku::amx {

void attention(const AttentionProblem& p, Queue& queue) noexcept { attention_rounded<TileOperands>(p, queue); }

void attention_backward(const AttentionBackwardProblem& p, Queue& queue) noexcept {
  attention_backward_rounded<TileOperands>(p, queue);
}

}  // namespace chaku::amx
