// Forward and backward of layer normalization: formulas of reference/layer_norm.cpp, sums in float32 of what is left
// when the mean is taken away.
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/row.cuh"
#include "kernels/layer_norm.h"

namespace chaku::cuda {
namespace {

template <bool kWarp>
CHAKU_DEVICE float row_mean(const float* x, int64_t d, float (&partial)[kRowThreads / 32]) {
  using Threads = RowThreads<kWarp>;
  float sum = 0.0f;
  for (int64_t i = Threads::first(); i < d; i += Threads::kStep) sum += x[i];
  return Threads::sum(sum, partial) / static_cast<float>(d);
}

// grid -> rows; 32 bytes of shared memory; sm_75; 16 bytes and 7 FLOPs an element.
template <bool kWarp>
__global__ void __launch_bounds__(kRowThreads) forward(const LayerNormProblem p) {
  using Threads = RowThreads<kWarp>;
  CHAKU_SHARED(partial, float[kRowThreads / 32]);
  const int64_t row = Threads::row();
  if (row >= p.m) return;
  const float* x = p.x + row * p.x_stride;
  const int64_t at = row % p.weight_rows * p.d;
  float* y = p.y + row * p.y_stride;
  const float mean = row_mean<kWarp>(x, p.d, partial);
  float squares = 0.0f;
  for (int64_t i = Threads::first(); i < p.d; i += Threads::kStep) squares = fmaf(x[i] - mean, x[i] - mean, squares);
  squares = Threads::sum(squares, partial);
  const float r = 1.0f / sqrtf(squares / static_cast<float>(p.d) + p.epsilon);
  for (int64_t i = Threads::first(); i < p.d; i += Threads::kStep)
    y[i] = (x[i] - mean) * r * p.weight[at + i] + (p.bias != nullptr ? p.bias[at + i] : 0.0f);
  if (p.inverse_deviation != nullptr && Threads::first() == 0) p.inverse_deviation[row] = r;
}

// dx; 24 bytes and 15 FLOPs an element.
template <bool kWarp>
__global__ void __launch_bounds__(kRowThreads) backward(const LayerNormBackwardProblem p) {
  using Threads = RowThreads<kWarp>;
  CHAKU_SHARED(partial, float[kRowThreads / 32]);
  const int64_t row = Threads::row();
  if (row >= p.m) return;
  const float* x = p.x + row * p.x_stride;
  const float* dy = p.dy + row * p.dy_stride;
  const float* weight = p.weight + row % p.weight_rows * p.d;
  float* dx = p.dx + row * p.dx_stride;
  const float mean = row_mean<kWarp>(x, p.d, partial), r = p.inverse_deviation[row], n = static_cast<float>(p.d);
  float g_sum = 0.0f, gn_sum = 0.0f;
  for (int64_t i = Threads::first(); i < p.d; i += Threads::kStep) {
    const float g = weight[i] * dy[i];
    g_sum += g;
    gn_sum = fmaf(g, (x[i] - mean) * r, gn_sum);
  }
  g_sum = Threads::sum(g_sum, partial);
  gn_sum = Threads::sum(gn_sum, partial);
  for (int64_t i = Threads::first(); i < p.d; i += Threads::kStep) {
    const float gradient = r * (weight[i] * dy[i] - g_sum / n - (x[i] - mean) * r * gn_sum / n);
    dx[i] = p.accumulate ? dx[i] + gradient : gradient;
  }
}

// The means of all rows, for the gradients of weight and bias.
template <bool kWarp>
__global__ void __launch_bounds__(kRowThreads) means(const LayerNormBackwardProblem p, float* mean) {
  using Threads = RowThreads<kWarp>;
  CHAKU_SHARED(partial, float[kRowThreads / 32]);
  const int64_t row = Threads::row();
  if (row >= p.m) return;
  const float of_row = row_mean<kWarp>(p.x + row * p.x_stride, p.d, partial);
  if (Threads::first() == 0) mean[row] = of_row;
}

// One column of one weight row a thread.
struct ParameterGradients {
  LayerNormBackwardProblem p;
  const float* mean;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t row = i / p.d, d = i % p.d;
    float weight = 0.0f, bias = 0.0f;
    for (int64_t m = row; m < p.m; m += p.weight_rows) {
      const float dy = p.dy[m * p.dy_stride + d];
      weight = fmaf(dy * (p.x[m * p.x_stride + d] - mean[m]), p.inverse_deviation[m], weight);
      bias += dy;
    }
    if (p.dweight != nullptr) p.dweight[i] += weight;
    if (p.dbias != nullptr) p.dbias[i] += bias;
  }
};

}  // namespace

void layer_norm(const LayerNormProblem& p, Queue& queue) noexcept {
  launch_rows(queue, forward<true>, forward<false>, p.m, p.d, p);
}

void layer_norm_backward(const LayerNormBackwardProblem& p, Queue& queue) noexcept {
  if (p.dweight != nullptr || p.dbias != nullptr) {  // before dx, which may be dy
    CudaQueue& q = cuda_queue(queue);
    float* mean = reinterpret_cast<float*>(q.device_scratch());
    const bool short_rows = p.d <= kWarpRow;
    const int64_t n_blocks = short_rows ? ceil_div(p.m, RowThreads<true>::kRowsPerBlock) : p.m;
    q.launch(short_rows ? means<true> : means<false>, dim3(static_cast<unsigned>(n_blocks)), dim3(kRowThreads), 0, p,
             mean);
    for_each(queue, p.weight_rows * p.d, ParameterGradients{p, mean});
  }
  launch_rows(queue, backward<true>, backward<false>, p.m, p.d, p);
}

}  // namespace chaku::cuda
