// Attention of many queries on bfloat16 operands; few stay in float32.
#define CHAKU_ISA avx512bf16
#include "kernels/cpu/avx512bf16/attention_operands.h"
#include "kernels/cpu/avx512bf16/ops.h"
#include "kernels/cpu/generic/attention_rounded.inl"

namespace chaku::avx512bf16 {

void attention(const AttentionProblem& p, ThreadPool& pool) noexcept { attention_rounded<PairOperands>(p, pool); }

void attention_backward(const AttentionBackwardProblem& p, ThreadPool& pool) noexcept {
  attention_backward_rounded<PairOperands>(p, pool);
}

}  // namespace chaku::avx512bf16
