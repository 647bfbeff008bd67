#include <mutex>

#include "kernels/cuda/memory.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"
#include "kernels/path_choice.h"

namespace chaku::cuda {
namespace {

// Ops of several threads take turns: each uses the queue's scratch memory over several launches.
template <auto op>
struct Alone;
template <class Problem, void (*op)(const Problem&, Queue&) noexcept>
struct Alone<op> {
  static void run(const Problem& problem, Queue& queue) noexcept {
    CudaQueue& q = cuda_queue(queue);
    const std::lock_guard lock(q.mutex());
    make_current(q.device());
    op(problem, queue);
  }
};
template <auto op>
constexpr auto alone = &Alone<op>::run;

constexpr KernelTable kFloat32 = {
    .name = "cuda-float32",
    .path = kFloat32Path,
    .matmul = alone<matmul>,
    .matmul_group = alone<matmul_group>,
    .matmul_backward = alone<matmul_backward>,
    .matmul_backward_group = alone<matmul_backward_group>,
    .weight_gradient = alone<weight_gradient>,
    .weight_gradient_group = alone<weight_gradient_group>,
    .gather = alone<gather>,
    .scatter_gradient = alone<scatter_gradient>,
    .attention = alone<attention>,
    .attention_backward = alone<attention_backward>,
    .causal_convolution = alone<causal_convolution>,
    .causal_convolution_backward = alone<causal_convolution_backward>,
    .delta_rule = alone<delta_rule>,
    .delta_rule_backward = alone<delta_rule_backward>,
    .sink_gradient = alone<sink_gradient>,
    .rms_norm = alone<rms_norm>,
    .rms_norm_backward = alone<rms_norm_backward>,
    .layer_norm = alone<layer_norm>,
    .layer_norm_backward = alone<layer_norm_backward>,
    .rope = alone<rope>,
    .route = alone<route>,
    .route_backward = alone<route_backward>,
    .balance_loss = alone<balance_loss>,
    .combine_rows = alone<combine_rows>,
    .scale_rows = alone<scale_rows>,
    .row_dots = alone<row_dots>,
    .gated_activation = alone<gated_activation>,
    .gated_activation_backward = alone<gated_activation_backward>,
    .axpby = alone<axpby>,
    .clamp = alone<clamp>,
    .soft_cap = alone<soft_cap>,
    .dropout = alone<dropout>,
    .squared_norm = alone<squared_norm>,
    .cross_entropy = alone<cross_entropy>,
    .adamw = alone<adamw>,
    .lion = alone<lion>,
    .encode_moments = alone<encode_moments>,
    .decode_moments = alone<decode_moments>,
    .copy_rows = alone<copy_rows>,
    .mean_rows = alone<mean_rows>,
    .scatter_rows = alone<scatter_rows>,
    .fill = alone<fill>,
    .encode_rows = alone<encode_rows>,
    .decode_rows = alone<decode_rows>,
    .merge_rows = alone<merge_rows>,
    .magnify = alone<magnify>,
    .magnify_backward = alone<magnify_backward>,
    .row_squares = alone<row_squares>,
    .row_lengths = alone<row_lengths>,
    .add_low_rank = alone<add_low_rank>,
    .round_along = alone<round_along>,
    .compare_change = alone<compare_change>,
    .column_squares = alone<column_squares>,
    .uniform = alone<uniform>,
    .rope_table = alone<rope_table>,
    .position_factors = alone<position_factors>,
    .sort_slots = alone<sort_slots>,
    .sigmoid = alone<sigmoid>,
    .sigmoid_backward = alone<sigmoid_backward>,
};

constexpr KernelTable with_tensor_cores(KernelTable table) {
  table.name = "cuda-bf16";
  table.path = CpuPath::kAuto;
  table.matmul = alone<tensor_matmul>;
  table.matmul_group = alone<tensor_matmul_group>;
  table.matmul_backward = alone<tensor_matmul_backward>;
  table.matmul_backward_group = alone<tensor_matmul_backward_group>;
  table.weight_gradient = alone<tensor_weight_gradient>;
  table.weight_gradient_group = alone<tensor_weight_gradient_group>;
  table.attention = alone<tensor_attention>;
  table.attention_backward = alone<tensor_attention_backward>;
  return table;
}

constexpr KernelTable kTensor = with_tensor_cores(kFloat32);

}  // namespace

const KernelTable& float32_table() noexcept { return kFloat32; }
const KernelTable& tensor_table() noexcept { return kTensor; }

}  // namespace chaku::cuda
