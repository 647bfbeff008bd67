// Forward and backward of RMS normalization: formulas of reference/rms_norm.cpp, sums in float32.
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/row.cuh"
#include "kernels/rms_norm.h"

namespace chaku::cuda {
namespace {

// grid -> rows; 32 bytes of shared memory; sm_75; 12 bytes and 5 FLOPs an element.
template <bool kWarp>
__global__ void __launch_bounds__(kRowThreads) forward(const RmsNormProblem p) {
  using Threads = RowThreads<kWarp>;
  CHAKU_SHARED(partial, float[kRowThreads / 32]);
  const int64_t row = Threads::row();
  if (row >= p.m) return;
  const float* x = p.x + row * p.x_stride;
  const float* weight = p.weight + row % p.weight_rows * p.d;
  float* y = p.y + row * p.y_stride;
  float squares = 0.0f;
  for (int64_t i = Threads::first(); i < p.d; i += Threads::kStep) squares = fmaf(x[i], x[i], squares);
  squares = Threads::sum(squares, partial);
  const float r = 1.0f / sqrtf(squares / static_cast<float>(p.d) + p.epsilon);
  for (int64_t i = Threads::first(); i < p.d; i += Threads::kStep) y[i] = x[i] * r * weight[i];
  if (p.inverse_rms != nullptr && Threads::first() == 0) p.inverse_rms[row] = r;
}

// dx; 20 bytes and 9 FLOPs an element.
template <bool kWarp>
__global__ void __launch_bounds__(kRowThreads) backward(const RmsNormBackwardProblem p) {
  using Threads = RowThreads<kWarp>;
  CHAKU_SHARED(partial, float[kRowThreads / 32]);
  const int64_t row = Threads::row();
  if (row >= p.m) return;
  const float* x = p.x + row * p.x_stride;
  const float* dy = p.dy + row * p.dy_stride;
  const float* weight = p.weight + row % p.weight_rows * p.d;
  float* dx = p.dx + row * p.dx_stride;
  const float r = p.inverse_rms[row];
  float sum = 0.0f;
  for (int64_t i = Threads::first(); i < p.d; i += Threads::kStep) sum = fmaf(weight[i] * dy[i], x[i], sum);
  sum = Threads::sum(sum, partial);
  const float along = r * r * sum / static_cast<float>(p.d);
  for (int64_t i = Threads::first(); i < p.d; i += Threads::kStep) {
    const float gradient = r * (weight[i] * dy[i] - x[i] * along);
    dx[i] = p.accumulate ? dx[i] + gradient : gradient;
  }
}

// One column of one weight row a thread.
struct WeightGradient {
  RmsNormBackwardProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t row = i / p.d, d = i % p.d;
    float sum = 0.0f;
    for (int64_t m = row; m < p.m; m += p.weight_rows)
      sum = fmaf(p.dy[m * p.dy_stride + d] * p.x[m * p.x_stride + d], p.inverse_rms[m], sum);
    p.dweight[i] += sum;
  }
};

}  // namespace

void rms_norm(const RmsNormProblem& p, Queue& queue) noexcept {
  launch_rows(queue, forward<true>, forward<false>, p.m, p.d, p);
}

void rms_norm_backward(const RmsNormBackwardProblem& p, Queue& queue) noexcept {
  if (p.dweight != nullptr) for_each(queue, p.weight_rows * p.d, WeightGradient{p});  // before dx, which may be dy
  launch_rows(queue, backward<true>, backward<false>, p.m, p.d, p);
}

}  // namespace chaku::cuda
