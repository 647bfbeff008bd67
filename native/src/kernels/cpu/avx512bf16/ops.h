// The ops that this path has its own version of; the others are those of avx512vnni.
#pragma once

#include "kernels/table.h"

namespace chaku::avx512bf16 {

void matmul(const MatmulProblem& p, Queue& queue) noexcept;
void matmul_group(const MatmulGroup& group, Queue& queue) noexcept;
void matmul_backward(const MatmulBackwardProblem& p, Queue& queue) noexcept;
void matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept;
void weight_gradient(const WeightGradientProblem& p, Queue& queue) noexcept;
void weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept;
void attention(const AttentionProblem& p, Queue& queue) noexcept;
void attention_backward(const AttentionBackwardProblem& p, Queue& queue) noexcept;

}  // namespace chaku::avx512bf16
