// Three passes over a row of logits: maximum, sum of exponentials, gradient.
#pragma once

#include <math.h>

#include "kernels/cpu/generic/math.h"
#include "kernels/cpu/generic/ops.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

CHAKU_INLINE float row_maximum(const float* x, int64_t n) {
  F best = broadcast(-__builtin_inff());
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) best = maximum(best, load(x + i));
  float most = max_of(best);
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

// Sum of e^(x - max), float64 over runs of eight vectors.
CHAKU_INLINE double row_total(const float* x, int64_t n, float max_value) {
  double total = 0;
  int64_t i = 0;
  while (i + kLanes <= n) {
    F run = zero();
    for (const int64_t end = min(i + 8 * kLanes, n / kLanes * kLanes); i < end; i += kLanes)
      run = run + exp(load(x + i) - broadcast(max_value));
    total += sum_f64(run);
  }
  if (i < n) {
    float rest[kLanes];
    store(rest, exp(load_n(x + i, n - i) - broadcast(max_value)));
    for (int64_t j = 0; j < n - i; ++j) total += rest[j];
  }
  return total;
}

// The lowest index that holds the maximum equals the target.
CHAKU_INLINE bool is_first_maximum(const float* x, int64_t target, float max_value) {
  if (x[target] != max_value) return false;
  for (int64_t i = 0; i < target; ++i)
    if (x[i] == max_value) return false;
  return true;
}

CHAKU_INLINE void cap_row(float* x, int64_t n, float cap) {
  for (int64_t i = 0; i < n; i += kLanes) store_n(x + i, soft_capped(load_n(x + i, n - i), cap), n - i);
}

// weight * (softmax - onehot), where a cap c was applied times its slope 1 - (capped / c)^2.
static void row_gradient(const CrossEntropyProblem& p, float* logits, int64_t target, float max_value, double total,
                         float weight) {
  const F factor = broadcast(static_cast<float>(weight / total));
  const float capped_target = logits[target];
  for (int64_t i = 0; i < p.v; i += kLanes) {
    const F x = load_n(logits + i, p.v - i);
    F gradient = exp(x - broadcast(max_value)) * factor;
    if (p.soft_cap > 0.0f) {
      const F ratio = x * broadcast(1.0f / p.soft_cap);
      gradient = gradient * fnma(ratio, ratio, broadcast(1.0f));
    }
    store_n(logits + i, gradient, p.v - i);
  }
  const float ratio = p.soft_cap > 0.0f ? capped_target / p.soft_cap : 0.0f;
  logits[target] -= weight * (1.0f - ratio * ratio);
}

void cross_entropy(const CrossEntropyProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      float* logits = p.logits + m * p.v;
      const int64_t target = p.targets[m];
      if (p.soft_cap > 0.0f) cap_row(logits, p.v, p.soft_cap);
      const float most = row_maximum(logits, p.v), weight = p.weights[m];
      const double total = row_total(logits, p.v, most);
      p.losses[m] = weight == 0.0f ? 0.0 : weight * (most + log(total) - logits[target]);
      p.correct[m] = is_first_maximum(logits, target, most);
      if (!p.gradient) continue;
      row_gradient(p, logits, target, most, total, weight);
    }
  });
}

}  // namespace chaku::CHAKU_ISA
