// Scalar versions of every op, summed in float64 and written to be obviously right: the oracle of all other paths, and
// the path of last resort.
#pragma once

#include "kernels/table.h"

namespace chaku::reference {

void matmul(const MatmulProblem& p, Queue& queue) noexcept;
void matmul_group(const MatmulGroup& group, Queue& queue) noexcept;
void matmul_backward(const MatmulBackwardProblem& p, Queue& queue) noexcept;
void matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept;
void weight_gradient(const WeightGradientProblem& p, Queue& queue) noexcept;
void weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept;
void gather(const GatherProblem& p, Queue& queue) noexcept;
void scatter_gradient(const ScatterGradientProblem& p, Queue& queue) noexcept;
void attention(const AttentionProblem& p, Queue& queue) noexcept;
void attention_backward(const AttentionBackwardProblem& p, Queue& queue) noexcept;
void causal_convolution(const CausalConvolutionProblem& p, Queue& queue) noexcept;
void causal_convolution_backward(const CausalConvolutionBackwardProblem& p, Queue& queue) noexcept;
void delta_rule(const DeltaRuleProblem& p, Queue& queue) noexcept;
void delta_rule_backward(const DeltaRuleBackwardProblem& p, Queue& queue) noexcept;
void sink_gradient(const SinkGradientProblem& p, Queue& queue) noexcept;
void rms_norm(const RmsNormProblem& p, Queue& queue) noexcept;
void rms_norm_backward(const RmsNormBackwardProblem& p, Queue& queue) noexcept;
void layer_norm(const LayerNormProblem& p, Queue& queue) noexcept;
void layer_norm_backward(const LayerNormBackwardProblem& p, Queue& queue) noexcept;
void rope(const RopeProblem& p, Queue& queue) noexcept;
void route(const RouteProblem& p, Queue& queue) noexcept;
void route_backward(const RouteBackwardProblem& p, Queue& queue) noexcept;
void balance_loss(const BalanceLossProblem& p, Queue& queue) noexcept;
void combine_rows(const CombineRowsProblem& p, Queue& queue) noexcept;
void scale_rows(const ScaleRowsProblem& p, Queue& queue) noexcept;
void row_dots(const RowDotsProblem& p, Queue& queue) noexcept;
void clamped_swiglu(const GatedActivationProblem& p, Queue& queue) noexcept;
void clamped_swiglu_backward(const GatedActivationBackwardProblem& p, Queue& queue) noexcept;
void gated_activation(const GatedActivationProblem& p, Queue& queue) noexcept;
void gated_activation_backward(const GatedActivationBackwardProblem& p, Queue& queue) noexcept;
void axpby(const AxpbyProblem& p, Queue& queue) noexcept;
void clamp(const ClampProblem& p, Queue& queue) noexcept;
void soft_cap(const SoftCapProblem& p, Queue& queue) noexcept;
void dropout(const DropoutProblem& p, Queue& queue) noexcept;
void squared_norm(const SquaredNormProblem& p, Queue& queue) noexcept;
void cross_entropy(const CrossEntropyProblem& p, Queue& queue) noexcept;
void adamw(const AdamWProblem& p, Queue& queue) noexcept;
void lion(const LionProblem& p, Queue& queue) noexcept;
void encode_moments(const EncodeMomentsProblem& p, Queue& queue) noexcept;
void decode_moments(const DecodeMomentsProblem& p, Queue& queue) noexcept;
void copy_rows(const CopyRowsProblem& p, Queue& queue) noexcept;
void mean_rows(const MeanRowsProblem& p, Queue& queue) noexcept;
void scatter_rows(const ScatterRowsProblem& p, Queue& queue) noexcept;
void fill(const FillProblem& p, Queue& queue) noexcept;
void encode_rows(const EncodeRowsProblem& p, Queue& queue) noexcept;
void decode_rows(const DecodeRowsProblem& p, Queue& queue) noexcept;
void merge_rows(const MergeRowsProblem& p, Queue& queue) noexcept;
void magnify(const MagnifyProblem& p, Queue& queue) noexcept;
void magnify_backward(const MagnifyBackwardProblem& p, Queue& queue) noexcept;
void row_squares(const RowSquaresProblem& p, Queue& queue) noexcept;
void row_lengths(const RowLengthsProblem& p, Queue& queue) noexcept;
void add_low_rank(const AddLowRankProblem& p, Queue& queue) noexcept;
void round_along(const RoundAlongProblem& p, Queue& queue) noexcept;
void compare_change(const CompareChangeProblem& p, Queue& queue) noexcept;
void column_squares(const ColumnSquaresProblem& p, Queue& queue) noexcept;
void uniform(const UniformProblem& p, Queue& queue) noexcept;
void rope_table(const RopeTableProblem& p, Queue& queue) noexcept;
void position_factors(const PositionFactorsProblem& p, Queue& queue) noexcept;
void sort_slots(const SortSlotsProblem& p, Queue& queue) noexcept;
void sigmoid(const SigmoidProblem& p, Queue& queue) noexcept;
void sigmoid_backward(const SigmoidBackwardProblem& p, Queue& queue) noexcept;

}  // namespace chaku::reference
