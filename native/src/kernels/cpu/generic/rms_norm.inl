// One row at a time, sums in one vector of partial sums. Backward as derived in reference/rms_norm.cpp.
#pragma once

#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/simd.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kNormRows = 16;  // per unit of work

void rms_norm(const RmsNormProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, kNormRows, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x = p.x + m * p.x_stride;
      const float* weight = p.weight + m % p.weight_rows * p.d;
      float* y = p.y + m * p.y_stride;
      F squares = zero();
      for (int64_t d = 0; d < p.d; d += kLanes) {
        const F v = load_n(x + d, p.d - d);
        squares = fma(v, v, squares);
      }
      const float r = 1.0f / __builtin_sqrtf(sum(squares) / static_cast<float>(p.d) + p.epsilon);
      for (int64_t d = 0; d < p.d; d += kLanes)
        store_n(y + d, load_n(x + d, p.d - d) * broadcast(r) * load_n(weight + d, p.d - d), p.d - d);
      if (p.inverse_rms != nullptr) p.inverse_rms[m] = r;
    }
  });
}

static void norm_weight_gradient(const RmsNormBackwardProblem& p, Queue& queue) {
  queue.parallel_for(p.d, 64, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = 0; row < p.weight_rows; ++row)
      for (int64_t d = begin; d < end; d += kLanes) {
        F total = zero();
        for (int64_t m = row; m < p.m; m += p.weight_rows)
          total = fma(load_n(p.dy + m * p.dy_stride + d, end - d),
                      load_n(p.x + m * p.x_stride + d, end - d) * broadcast(p.inverse_rms[m]), total);
        float* to = p.dweight + row * p.d + d;
        store_n(to, load_n(to, end - d) + total, end - d);
      }
  });
}

void rms_norm_backward(const RmsNormBackwardProblem& p, Queue& queue) noexcept {
  if (p.dweight != nullptr) norm_weight_gradient(p, queue);  // before dx, which may be dy
  queue.parallel_for(p.m, kNormRows, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x = p.x + m * p.x_stride;
      const float* dy = p.dy + m * p.dy_stride;
      const float* weight = p.weight + m % p.weight_rows * p.d;
      float* dx = p.dx + m * p.dx_stride;
      F products = zero();
      for (int64_t d = 0; d < p.d; d += kLanes) {
        const int64_t n = p.d - d;
        products = fma(load_n(weight + d, n) * load_n(dy + d, n), load_n(x + d, n), products);
      }
      const float r = p.inverse_rms[m], along = r * r * sum(products) / static_cast<float>(p.d);
      for (int64_t d = 0; d < p.d; d += kLanes) {
        const int64_t n = p.d - d;
        const F gradient =
            broadcast(r) * fnma(load_n(x + d, n), broadcast(along), load_n(weight + d, n) * load_n(dy + d, n));
        store_n(dx + d, p.accumulate ? load_n(dx + d, n) + gradient : gradient, n);
      }
    }
  });
}

}  // namespace chaku::CHAKU_ISA
