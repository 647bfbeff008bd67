#pragma once

#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/simd.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

void lion(const LionProblem& p, Queue& queue) noexcept {
  const F beta1 = broadcast(p.beta1), rest1 = broadcast(1.0f - p.beta1);
  const F beta2 = broadcast(p.beta2), rest2 = broadcast(1.0f - p.beta2);
  const F decay = broadcast(p.weight_decay), rate = broadcast(p.learning_rate), one = broadcast(1.0f);
  queue.parallel_for(p.n, 8192, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t n = end - i;
      const F g = load_n(p.gradient + i, n) * broadcast(p.gradient_scale), m = load_n(p.moment + i, n);
      const F direction = fma(beta1, m, rest1 * g);
      const F sign = select(less(direction, zero()), zero() - one, select(less(zero(), direction), one, zero()));
      const F parameter = load_n(p.parameter + i, n);
      store_n(p.parameter + i, fnma(rate, fma(decay, parameter, sign), parameter), n);
      store_n(p.moment + i, fma(beta2, m, rest2 * g), n);
      store_n(p.gradient + i, zero(), n);
    }
  });
}

}  // namespace chaku::CHAKU_ISA
