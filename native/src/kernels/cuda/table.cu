#include <string>

#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"

namespace chaku::cuda {
namespace {

// An op that this device has no kernel for yet: a failure of the queue, never a result.
template <class Problem>
void missing(const Problem&, Queue& queue) noexcept {
  cuda_queue(queue).note("an op has no CUDA kernel yet: " + std::string(__PRETTY_FUNCTION__));
}

constexpr KernelTable kFloat32 = {
    .name = "cuda-float32",
    .path = CpuPath::kReference,
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
    .delta_rule_backward = missing,
    .sink_gradient = sink_gradient,
    .rms_norm = rms_norm,
    .rms_norm_backward = rms_norm_backward,
    .layer_norm = layer_norm,
    .layer_norm_backward = layer_norm_backward,
    .rope = rope,
    .route = route,
    .route_backward = route_backward,
    .balance_loss = balance_loss,
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
    .copy_rows = copy_rows,
    .mean_rows = mean_rows,
    .scatter_rows = scatter_rows,
    .fill = fill,
    .encode_rows = encode_rows,
    .decode_rows = decode_rows,
    .merge_rows = missing,
    .add_low_rank = missing,
    .round_along = missing,
    .compare_change = missing,
    .column_squares = column_squares,
    .uniform = uniform,
    .rope_table = rope_table,
    .position_factors = position_factors,
    .sort_slots = sort_slots,
    .sigmoid = sigmoid,
    .sigmoid_backward = sigmoid_backward,
};

constexpr KernelTable with_tensor_cores(KernelTable table) {
  table.name = "cuda-bf16";
  table.matmul = tensor_matmul;
  table.matmul_group = tensor_matmul_group;
  table.matmul_backward = tensor_matmul_backward;
  table.matmul_backward_group = tensor_matmul_backward_group;
  table.weight_gradient = tensor_weight_gradient;
  table.weight_gradient_group = tensor_weight_gradient_group;
  table.attention = tensor_attention;
  return table;
}

constexpr KernelTable kTensor = with_tensor_cores(kFloat32);

}  // namespace

const KernelTable& float32_table() noexcept { return kFloat32; }
const KernelTable& tensor_table() noexcept { return kTensor; }

}  // namespace chaku::cuda
