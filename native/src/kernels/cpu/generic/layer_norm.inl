// One row at a time, sums in one vector of partial sums; the mean first, then the squares of what differs from it.
// Backward as derived in reference/layer_norm.cpp.
#pragma once

#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/simd.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kLayerNormRows = 16;  // per unit of work

// A row's mean, for whole vectors and, with zeros beyond the row's end, for the last one.
struct RowMean {
  float lanes[kLanes];

  static RowMean of(const float* x, int64_t d) {
    F total = zero();
    for (int64_t i = 0; i < d; i += kLanes) total = total + load_n(x + i, d - i);
    RowMean mean;
    store(mean.lanes, broadcast(sum(total) / static_cast<float>(d)));
    return mean;
  }
  F centred(const float* x, int64_t n) const { return load_n(x, n) - load_n(lanes, n); }
};

static float inverse_deviation(const float* x, int64_t d, const RowMean& mean, float epsilon) {
  F squares = zero();
  for (int64_t i = 0; i < d; i += kLanes) {
    const F v = mean.centred(x + i, d - i);
    squares = fma(v, v, squares);
  }
  return 1.0f / __builtin_sqrtf(sum(squares) / static_cast<float>(d) + epsilon);
}

void layer_norm(const LayerNormProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, kLayerNormRows, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x = p.x + m * p.x_stride;
      const int64_t at = m % p.weight_rows * p.d;
      float* y = p.y + m * p.y_stride;
      const RowMean mean = RowMean::of(x, p.d);
      const float r = inverse_deviation(x, p.d, mean, p.epsilon);
      for (int64_t d = 0; d < p.d; d += kLanes) {
        const int64_t n = p.d - d;
        const F bias = p.bias != nullptr ? load_n(p.bias + at + d, n) : zero();
        store_n(y + d, fma(mean.centred(x + d, n) * broadcast(r), load_n(p.weight + at + d, n), bias), n);
      }
      if (p.inverse_deviation != nullptr) p.inverse_deviation[m] = r;
    }
  });
}

// Units of work are blocks of columns: every row's mean is found again in each.
static void layer_norm_parameter_gradients(const LayerNormBackwardProblem& p, Queue& queue) {
  constexpr int64_t kColumns = 256;
  queue.parallel_for(p.d, kColumns, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = 0; m < p.m; ++m) {
      const float* x = p.x + m * p.x_stride;
      const float* dy = p.dy + m * p.dy_stride;
      const int64_t at = m % p.weight_rows * p.d;
      const RowMean mean = RowMean::of(x, p.d);
      const F r = broadcast(p.inverse_deviation[m]);
      for (int64_t d = begin; d < end; d += kLanes) {
        const int64_t n = end - d;
        const F gradient = load_n(dy + d, n);
        if (p.dweight != nullptr) {
          float* to = p.dweight + at + d;
          store_n(to, fma(gradient, mean.centred(x + d, n) * r, load_n(to, n)), n);
        }
        if (p.dbias != nullptr) store_n(p.dbias + at + d, load_n(p.dbias + at + d, n) + gradient, n);
      }
    }
  });
}

void layer_norm_backward(const LayerNormBackwardProblem& p, Queue& queue) noexcept {
  if (p.dweight != nullptr || p.dbias != nullptr) layer_norm_parameter_gradients(p, queue);  // before dx, maybe dy
  queue.parallel_for(p.m, kLayerNormRows, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x = p.x + m * p.x_stride;
      const float* dy = p.dy + m * p.dy_stride;
      const float* weight = p.weight + m % p.weight_rows * p.d;
      float* dx = p.dx + m * p.dx_stride;
      const RowMean mean = RowMean::of(x, p.d);
      const F r = broadcast(p.inverse_deviation[m]);
      F g_sum = zero(), gn_sum = zero();
      for (int64_t d = 0; d < p.d; d += kLanes) {
        const int64_t n = p.d - d;
        const F g = load_n(weight + d, n) * load_n(dy + d, n);
        g_sum = g_sum + g;
        gn_sum = fma(g, mean.centred(x + d, n) * r, gn_sum);
      }
      const float count = static_cast<float>(p.d);
      const F g_mean = broadcast(sum(g_sum) / count), gn_mean = broadcast(sum(gn_sum) / count);
      for (int64_t d = 0; d < p.d; d += kLanes) {
        const int64_t n = p.d - d;
        const F g = load_n(weight + d, n) * load_n(dy + d, n);
        const F gradient = r * fnma(mean.centred(x + d, n) * r, gn_mean, g - g_mean);
        store_n(dx + d, p.accumulate ? load_n(dx + d, n) + gradient : gradient, n);
      }
    }
  });
}

}  // namespace chaku::CHAKU_ISA
