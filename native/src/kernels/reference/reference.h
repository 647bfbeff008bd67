// Scalar versions of every op, summed in float64 and written to be obviously right: the oracle of all other paths, and
// the path of last resort.
#pragma once

#include "kernels/table.h"

namespace chaku::reference {

void matmul(const MatmulProblem& p, ThreadPool& pool) noexcept;
void matmul_group(const MatmulGroup& group, ThreadPool& pool) noexcept;
void matmul_backward(const MatmulBackwardProblem& p, ThreadPool& pool) noexcept;
void matmul_backward_group(const MatmulBackwardGroup& group, ThreadPool& pool) noexcept;
void weight_gradient(const WeightGradientProblem& p, ThreadPool& pool) noexcept;
void weight_gradient_group(const WeightGradientGroup& group, ThreadPool& pool) noexcept;
void gather(const GatherProblem& p, ThreadPool& pool) noexcept;
void scatter_gradient(const ScatterGradientProblem& p, ThreadPool& pool) noexcept;
void attention(const AttentionProblem& p, ThreadPool& pool) noexcept;
void attention_backward(const AttentionBackwardProblem& p, ThreadPool& pool) noexcept;
void causal_convolution(const CausalConvolutionProblem& p, ThreadPool& pool) noexcept;
void causal_convolution_backward(const CausalConvolutionBackwardProblem& p, ThreadPool& pool) noexcept;
void delta_rule(const DeltaRuleProblem& p, ThreadPool& pool) noexcept;
void delta_rule_backward(const DeltaRuleBackwardProblem& p, ThreadPool& pool) noexcept;
void sink_gradient(const SinkGradientProblem& p, ThreadPool& pool) noexcept;
void rms_norm(const RmsNormProblem& p, ThreadPool& pool) noexcept;
void rms_norm_backward(const RmsNormBackwardProblem& p, ThreadPool& pool) noexcept;
void layer_norm(const LayerNormProblem& p, ThreadPool& pool) noexcept;
void layer_norm_backward(const LayerNormBackwardProblem& p, ThreadPool& pool) noexcept;
void rope(const RopeProblem& p, ThreadPool& pool) noexcept;
void route(const RouteProblem& p, ThreadPool& pool) noexcept;
void route_backward(const RouteBackwardProblem& p, ThreadPool& pool) noexcept;
void balance_loss(const BalanceLossProblem& p, ThreadPool& pool) noexcept;
void combine_rows(const CombineRowsProblem& p, ThreadPool& pool) noexcept;
void scale_rows(const ScaleRowsProblem& p, ThreadPool& pool) noexcept;
void row_dots(const RowDotsProblem& p, ThreadPool& pool) noexcept;
void clamped_swiglu(const GatedActivationProblem& p, ThreadPool& pool) noexcept;
void clamped_swiglu_backward(const GatedActivationBackwardProblem& p, ThreadPool& pool) noexcept;
void gated_activation(const GatedActivationProblem& p, ThreadPool& pool) noexcept;
void gated_activation_backward(const GatedActivationBackwardProblem& p, ThreadPool& pool) noexcept;
void axpby(const AxpbyProblem& p, ThreadPool& pool) noexcept;
void soft_cap(const SoftCapProblem& p, ThreadPool& pool) noexcept;
void dropout(const DropoutProblem& p, ThreadPool& pool) noexcept;
void squared_norm(const SquaredNormProblem& p, ThreadPool& pool) noexcept;
void cross_entropy(const CrossEntropyProblem& p, ThreadPool& pool) noexcept;
void adamw(const AdamWProblem& p, ThreadPool& pool) noexcept;

}  // namespace chaku::reference
