// The clamped activation of experts, and the operations on their rows; formulas in kernels/reference/clamped_swiglu.cpp
// and kernels/router.h.
#pragma once

#include "kernels/cpu/generic/math.h"
#include "kernels/cpu/generic/ops.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kSwiGluGrain = 8192;
constexpr int64_t kRowGrain = 8;

// Gate and up after their limits, and the gate's sigmoid.
struct ClampedPair {
  F gate, up, s;

  ClampedPair(F gate_in, F up_in) {
    const F limit = broadcast(kSwiGluLimit);
    gate = minimum(limit, gate_in);  // the operand order keeps a NaN
    up = minimum(limit, maximum(zero() - limit, up_in));
    s = sigmoid(gate * broadcast(kSwiGluAlpha));
  }
};

void clamped_swiglu(const GatedActivationProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, kSwiGluGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t n = end - i;
      const ClampedPair c(load_n(p.gate + i, n), load_n(p.up + i, n));
      store_n(p.y + i, c.gate * c.s * (c.up + broadcast(1.0f)), n);
    }
  });
}

void clamped_swiglu_backward(const GatedActivationBackwardProblem& p, Queue& queue) noexcept {
  const F one = broadcast(1.0f), limit = broadcast(kSwiGluLimit);
  queue.parallel_for(p.n, kSwiGluGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t n = end - i;
      const F gate = load_n(p.gate + i, n), up = load_n(p.up + i, n), dy = load_n(p.dy + i, n);
      const ClampedPair c(gate, up);
      const F slope = c.s * fma(c.gate * broadcast(kSwiGluAlpha), one - c.s, one);
      store_n(p.dgate + i, select(less(gate, limit), dy * (c.up + one) * slope, zero()), n);
      const F size = maximum(up, zero() - up);
      store_n(p.dup + i, select(less(size, limit), dy * c.gate * c.s, zero()), n);
    }
  });
}

void combine_rows(const CombineRowsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, kRowGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const int32_t* rows = p.rows + m * p.n_used;
      float* y = p.y + m * p.d;
      for (int64_t i = 0; i < p.d; i += kLanes) {
        const int64_t n = p.d - i;
        F sum = zero();
        for (int32_t u = 0; u < p.n_used; ++u) sum = sum + load_n(p.x + rows[u] * p.d + i, n);
        const F scaled = sum * broadcast(p.scale);
        store_n(y + i, p.accumulate ? load_n(y + i, n) + scaled : scaled, n);
      }
    }
  });
}

void row_dots(const RowDotsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, kRowGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      F products = zero();
      for (int64_t i = 0; i < p.d; i += kLanes)
        products = fma(load_n(p.a + m * p.d + i, p.d - i), load_n(p.b + m * p.d + i, p.d - i), products);
      p.result[m] = sum(products);
    }
  });
}

}  // namespace chaku::CHAKU_ISA
