// The ops that this path has its own version of; the others are those of avx512vnni.
#pragma once

#include "kernels/table.h"

namespace chaku::amx {

void matmul(const MatmulProblem& p, ThreadPool& pool) noexcept;
void matmul_group(const MatmulGroup& group, ThreadPool& pool) noexcept;
void matmul_backward(const MatmulBackwardProblem& p, ThreadPool& pool) noexcept;
void matmul_backward_group(const MatmulBackwardGroup& group, ThreadPool& pool) noexcept;
void weight_gradient(const WeightGradientProblem& p, ThreadPool& pool) noexcept;
void weight_gradient_group(const WeightGradientGroup& group, ThreadPool& pool) noexcept;
void attention(const AttentionProblem& p, ThreadPool& pool) noexcept;
void attention_backward(const AttentionBackwardProblem& p, ThreadPool& pool) noexcept;

}  // namespace chaku::amx
