// Attention of many queries on bfloat16 operands; few stay in float32.
#define CHAKU_ISA avx512bf16
#include "kernels/cpu/avx512bf16/attention_operands.h"
#include "kernels/cpu/avx512bf16/ops.h"
#include "kernels/cpu/generic/attention_rounded.inl"

namespace chaku::avx512bf16 {

void attention(const AttentionProblem& p, Queue& queue) noexcept { attention_rounded<PairOperands>(p, queue); }

void attention_backward(const AttentionBackwardProblem& p, Queue& queue) noexcept {
  attention_backward_rounded<PairOperands>(p, queue);
}

}  // namespace chaku::avx512bf16
