#pragma once

#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/paths.h"
#include "kernels/reference/reference.h"

namespace chaku::CHAKU_ISA {

// The table of this instruction set.
constexpr KernelTable make_table(const char* name, CpuPath path) {
  return {.name = name,
          .path = path,
          .tails_of_rows = true,
          .matmul = matmul,
          .matmul_group = matmul_group,
          .matmul_backward = matmul_backward,
          .matmul_backward_group = matmul_backward_group,
          .weight_gradient = weight_gradient,
          .weight_gradient_group = weight_gradient_group,
          .gather = gather,
          .scatter_gradient = scatter_gradient,
          .attention = attention,
          .attention_backward = attention_backward,
          .causal_convolution = causal_convolution,
          .causal_convolution_backward = causal_convolution_backward,
          .delta_rule = delta_rule,
          .delta_rule_backward = delta_rule_backward,
          .sink_gradient = reference::sink_gradient,
          .rms_norm = rms_norm,
          .rms_norm_backward = rms_norm_backward,
          .layer_norm = layer_norm,
          .layer_norm_backward = layer_norm_backward,
          .rope = rope,
          .route = reference::route,
          .route_backward = reference::route_backward,
          .balance_loss = reference::balance_loss,
          .combine_rows = combine_rows,
          .scale_rows = scale_rows,
          .row_dots = row_dots,
          .gated_activation = gated_activation,
          .gated_activation_backward = gated_activation_backward,
          .axpby = axpby,
          .clamp = clamp,
          .soft_cap = soft_cap,
          .dropout = dropout,
          .squared_norm = squared_norm,
          .cross_entropy = cross_entropy,
          .adamw = adamw,
          .lion = lion,
          .encode_moments = encode_moments,
          .decode_moments = decode_moments,
          .copy_rows = reference::copy_rows,
          .mean_rows = reference::mean_rows,
          .scatter_rows = reference::scatter_rows,
          .fill = reference::fill,
          .encode_rows = encode_rows,
          .decode_rows = reference::decode_rows,
          .merge_rows = reference::merge_rows,
          .add_low_rank = add_low_rank,
          .round_along = round_along,
          .compare_change = compare_change,
          .column_squares = reference::column_squares,
          .uniform = reference::uniform,
          .rope_table = reference::rope_table,
          .position_factors = reference::position_factors,
          .sort_slots = reference::sort_slots,
          .sigmoid = reference::sigmoid,
          .sigmoid_backward = reference::sigmoid_backward};
}

}  // namespace chaku::CHAKU_ISA
