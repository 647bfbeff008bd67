// Products with few rows of x, in float32: few_rows.cuh says how. Those whose activations are written as integers go on
// to integer_matvec.cu.
#include "kernels/cuda/few_rows.cuh"
#include "kernels/cuda/matvec.cuh"

namespace chaku::cuda {
namespace {

// grid -> kRows rows of w for each of four warps; no shared memory; sm_75; 2 M FLOPs a weight.
template <DType kType, int kTokens, int kRows>
__global__ void __launch_bounds__(kFewRowsThreads) dot_products(const TokensOf q) {
  const FewRows<kTokens, kRows> rows(q);
  if (rows.first_row >= q.p.w.rows) return;
  const uint8_t* w[kRows];
  CHAKU_UNROLL
  for (int r = 0; r < kRows; ++r) w[r] = rows.w[r];
  const float* x[kTokens];
  CHAKU_UNROLL
  for (int t = 0; t < kTokens; ++t) x[t] = q.p.x + rows.tokens[t] * q.p.x_stride;
  float sums[kRows][kTokens] = {};
  dot_rows<kType, kTokens>(w, x, q.p.w.columns, q.wide, sums);
  rows.finish(q, sums);
}

template <DType kType, int kTokens, int kRows>
void launch_tokens(const MatmulProblem& p, int64_t first, Queue& queue) noexcept {
  cuda_queue(queue).launch(dot_products<kType, kTokens, kRows>, few_rows_grid<kRows>(p), dim3(kFewRowsThreads), 0,
                           TokensOf(p, first));
}

}  // namespace

void matvec(const MatmulProblem& p, Queue& queue, RoundedActivations& held) noexcept {
  if (p.role == Role::kGenerated && p.activations != ActivationFormat::kF32 && digit_step(p.w.dtype) > 0)
    return integer_matvec(p, queue, held);
  for_dtype(p.w.dtype, [&]<DType kType>() {
    int64_t first = 0;
    for (; p.m - first > 1; first += 8) launch_tokens<kType, 8, 1>(p, first, queue);
    if (p.m > first) launch_tokens<kType, 1, 2>(p, first, queue);
  });
}

}  // namespace chaku::cuda
