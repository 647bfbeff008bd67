// The kernels of the CUDA device, as its tables name them; problems are those of every device, their pointers this
// one's (device/device.h says which memory is whose).
#pragma once

#include "kernels/table.h"

namespace chaku::cuda {

// Products in float32, operands included; and those of prompts and trainings with operands rounded to bfloat16, on the
// tensor cores (sm_80). Every entry has a kernel.
const KernelTable& float32_table() noexcept;
const KernelTable& tensor_table() noexcept;

void matmul(const MatmulProblem& problem, Queue& queue) noexcept;
void matmul_group(const MatmulGroup& group, Queue& queue) noexcept;
void matmul_backward(const MatmulBackwardProblem& problem, Queue& queue) noexcept;
void matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept;
void weight_gradient(const WeightGradientProblem& problem, Queue& queue) noexcept;
void weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept;
void tensor_matmul(const MatmulProblem& problem, Queue& queue) noexcept;
void tensor_matmul_group(const MatmulGroup& group, Queue& queue) noexcept;
void tensor_matmul_backward(const MatmulBackwardProblem& problem, Queue& queue) noexcept;
void tensor_matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept;
void tensor_weight_gradient(const WeightGradientProblem& problem, Queue& queue) noexcept;
void tensor_weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept;
void gather(const GatherProblem& problem, Queue& queue) noexcept;
void scatter_gradient(const ScatterGradientProblem& problem, Queue& queue) noexcept;

void attention(const AttentionProblem& problem, Queue& queue) noexcept;
void tensor_attention(const AttentionProblem& problem, Queue& queue) noexcept;
void attention_backward(const AttentionBackwardProblem& problem, Queue& queue) noexcept;
void tensor_attention_backward(const AttentionBackwardProblem& problem, Queue& queue) noexcept;
void sink_gradient(const SinkGradientProblem& problem, Queue& queue) noexcept;

void rms_norm(const RmsNormProblem& problem, Queue& queue) noexcept;
void rms_norm_backward(const RmsNormBackwardProblem& problem, Queue& queue) noexcept;
void layer_norm(const LayerNormProblem& problem, Queue& queue) noexcept;
void layer_norm_backward(const LayerNormBackwardProblem& problem, Queue& queue) noexcept;
void rope(const RopeProblem& problem, Queue& queue) noexcept;

void gated_activation(const GatedActivationProblem& problem, Queue& queue) noexcept;
void gated_activation_backward(const GatedActivationBackwardProblem& problem, Queue& queue) noexcept;
void axpby(const AxpbyProblem& problem, Queue& queue) noexcept;
void clamp(const ClampProblem& problem, Queue& queue) noexcept;
void scale_rows(const ScaleRowsProblem& problem, Queue& queue) noexcept;
void soft_cap(const SoftCapProblem& problem, Queue& queue) noexcept;
void dropout(const DropoutProblem& problem, Queue& queue) noexcept;
void squared_norm(const SquaredNormProblem& problem, Queue& queue) noexcept;
void sigmoid(const SigmoidProblem& problem, Queue& queue) noexcept;
void sigmoid_backward(const SigmoidBackwardProblem& problem, Queue& queue) noexcept;

void cross_entropy(const CrossEntropyProblem& problem, Queue& queue) noexcept;
void adamw(const AdamWProblem& problem, Queue& queue) noexcept;
void lion(const LionProblem& problem, Queue& queue) noexcept;
void encode_moments(const EncodeMomentsProblem& problem, Queue& queue) noexcept;
void decode_moments(const DecodeMomentsProblem& problem, Queue& queue) noexcept;

void copy_rows(const CopyRowsProblem& problem, Queue& queue) noexcept;
void mean_rows(const MeanRowsProblem& problem, Queue& queue) noexcept;
void scatter_rows(const ScatterRowsProblem& problem, Queue& queue) noexcept;
void fill(const FillProblem& problem, Queue& queue) noexcept;
void encode_rows(const EncodeRowsProblem& problem, Queue& queue) noexcept;
void decode_rows(const DecodeRowsProblem& problem, Queue& queue) noexcept;
void merge_rows(const MergeRowsProblem& problem, Queue& queue) noexcept;
void magnify(const MagnifyProblem& problem, Queue& queue) noexcept;
void magnify_backward(const MagnifyBackwardProblem& problem, Queue& queue) noexcept;
void row_squares(const RowSquaresProblem& problem, Queue& queue) noexcept;
void row_lengths(const RowLengthsProblem& problem, Queue& queue) noexcept;
void add_low_rank(const AddLowRankProblem& problem, Queue& queue) noexcept;
void round_along(const RoundAlongProblem& problem, Queue& queue) noexcept;
void compare_change(const CompareChangeProblem& problem, Queue& queue) noexcept;
void column_squares(const ColumnSquaresProblem& problem, Queue& queue) noexcept;
void uniform(const UniformProblem& problem, Queue& queue) noexcept;
void rope_table(const RopeTableProblem& problem, Queue& queue) noexcept;
void position_factors(const PositionFactorsProblem& problem, Queue& queue) noexcept;

void causal_convolution(const CausalConvolutionProblem& problem, Queue& queue) noexcept;
void causal_convolution_backward(const CausalConvolutionBackwardProblem& problem, Queue& queue) noexcept;
void delta_rule(const DeltaRuleProblem& problem, Queue& queue) noexcept;
void delta_rule_backward(const DeltaRuleBackwardProblem& problem, Queue& queue) noexcept;

void route(const RouteProblem& problem, Queue& queue) noexcept;
void route_backward(const RouteBackwardProblem& problem, Queue& queue) noexcept;
void balance_loss(const BalanceLossProblem& problem, Queue& queue) noexcept;
void sort_slots(const SortSlotsProblem& problem, Queue& queue) noexcept;
void combine_rows(const CombineRowsProblem& problem, Queue& queue) noexcept;
void row_dots(const RowDotsProblem& problem, Queue& queue) noexcept;

}  // namespace chaku::cuda
