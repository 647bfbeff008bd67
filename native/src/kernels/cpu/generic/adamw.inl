#pragma once

#include <math.h>

#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/simd.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

void adamw(const AdamWProblem& p, Queue& queue) noexcept {
  const double correction1 = 1.0 - pow(static_cast<double>(p.beta1), static_cast<double>(p.step));
  const double correction2 = 1.0 - pow(static_cast<double>(p.beta2), static_cast<double>(p.step));
  const F beta1 = broadcast(p.beta1), rest1 = broadcast(1.0f - p.beta1);
  const F beta2 = broadcast(p.beta2), rest2 = broadcast(1.0f - p.beta2);
  const F unbias1 = broadcast(static_cast<float>(1.0 / correction1));
  const F unbias2 = broadcast(static_cast<float>(1.0 / correction2));
  const F epsilon = broadcast(p.epsilon), decay = broadcast(p.weight_decay), rate = broadcast(p.learning_rate);
  queue.parallel_for(p.n, 8192, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t n = end - i;
      const F g = load_n(p.gradient + i, n) * broadcast(p.gradient_scale);
      const F m = fma(beta1, load_n(p.moment1 + i, n), rest1 * g);
      const F v = fma(beta2, load_n(p.moment2 + i, n), rest2 * g * g);
      const F update = m * unbias1 / (square_root(v * unbias2) + epsilon);
      const F parameter = load_n(p.parameter + i, n);
      store_n(p.parameter + i, fnma(rate, fma(decay, parameter, update), parameter), n);
      store_n(p.moment1 + i, m, n);
      store_n(p.moment2 + i, v, n);
      store_n(p.gradient + i, zero(), n);
    }
  });
}

}  // namespace chaku::CHAKU_ISA
