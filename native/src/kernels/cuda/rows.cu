// Rows that move or are added up; an element a thread, bound by memory.
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/row.cuh"
#include "kernels/rows.h"

namespace chaku::cuda {
namespace {

struct CopyRows {
  CopyRowsProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t m = i / p.d, d = i % p.d;
    const float x = p.x[m * p.x_stride + d];
    p.y[m * p.y_stride + d] = p.scale == 1.0f ? x : p.scale * x;
  }
};

struct ScatterRows {
  ScatterRowsProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const { p.y[p.ids[i / p.d] * p.d + i % p.d] = p.x[i]; }
};

struct MeanRows {
  MeanRowsProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t n = i / p.d, d = i % p.d, begin = p.begins[n], end = p.ends[n];
    double sum = 0;
    for (int64_t m = begin; m < end; ++m) sum += p.x[m * p.d + d];
    p.y[i] = static_cast<float>(sum / static_cast<double>(end - begin));
  }
};

struct ColumnSquares {
  ColumnSquaresProblem p;
  CHAKU_DEVICE void operator()(int64_t c) const {
    double sum = p.sums[c];
    for (int64_t m = 0; m < p.m; ++m) sum += static_cast<double>(p.x[m * p.k + c]) * p.x[m * p.k + c];
    p.sums[c] = sum;
  }
};

struct CombineRows {
  CombineRowsProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t m = i / p.d, d = i % p.d;
    float sum = 0.0f;
    for (int32_t u = 0; u < p.n_used; ++u) sum += p.x[p.rows[m * p.n_used + u] * p.d + d];
    p.y[i] = p.accumulate ? fmaf(p.scale, sum, p.y[i]) : p.scale * sum;
  }
};

// Rows that recur are summed by one thread a column, in the order of i.
struct ScatterGradient {
  ScatterGradientProblem p;
  CHAKU_DEVICE void operator()(int64_t d) const {
    for (int64_t i = 0; i < p.m; ++i) {
      float& dw = p.dw[p.ids[i] * p.d + d];
      dw = fmaf(p.scale, p.dy[i * p.d + d], dw);
    }
  }
};

template <bool kWarp>
__global__ void __launch_bounds__(kRowThreads) dots(const RowDotsProblem p) {
  using Threads = RowThreads<kWarp>;
  CHAKU_SHARED(partial, float[kRowThreads / 32]);
  const int64_t m = Threads::row();
  if (m >= p.m) return;
  float sum = 0.0f;
  for (int64_t i = Threads::first(); i < p.d; i += Threads::kStep) sum = fmaf(p.a[m * p.d + i], p.b[m * p.d + i], sum);
  sum = Threads::sum(sum, partial);
  if (Threads::first() == 0) p.result[m] = sum;
}

}  // namespace

void copy_rows(const CopyRowsProblem& p, Queue& queue) noexcept { for_each(queue, p.m * p.d, CopyRows{p}); }
void scatter_rows(const ScatterRowsProblem& p, Queue& queue) noexcept { for_each(queue, p.m * p.d, ScatterRows{p}); }
void mean_rows(const MeanRowsProblem& p, Queue& queue) noexcept { for_each(queue, p.n * p.d, MeanRows{p}); }
void column_squares(const ColumnSquaresProblem& p, Queue& queue) noexcept { for_each(queue, p.k, ColumnSquares{p}); }
void combine_rows(const CombineRowsProblem& p, Queue& queue) noexcept { for_each(queue, p.m * p.d, CombineRows{p}); }
void scatter_gradient(const ScatterGradientProblem& p, Queue& queue) noexcept {
  for_each(queue, p.d, ScatterGradient{p});
}
void row_dots(const RowDotsProblem& p, Queue& queue) noexcept {
  launch_rows(queue, dots<true>, dots<false>, p.m, p.d, p);
}

}  // namespace chaku::cuda
