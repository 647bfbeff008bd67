// What both passes of the delta rule read of a token. Lanes have the dimensions of keys: lane + 32 i.
#pragma once

#include "kernels/cuda/warp.cuh"
#include "kernels/delta_rule.h"

namespace chaku::cuda {

// 1 / the length of a row, which counts as epsilon at least.
template <int kDims>
CHAKU_DEVICE float inverse_length(const float (&x)[kDims], float epsilon) {
  float squares = 0.0f;
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) squares = fmaf(x[i], x[i], squares);
  return 1.0f / fmaxf(sqrtf(warp_sum(squares)), epsilon);
}

// n floats, `step` apart; zeros beyond, and of null.
template <int kDims>
CHAKU_DEVICE void load_lanes(const float* from, int n, int64_t step, float (&x)[kDims]) {
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) {
    const int d = lane_index() + 32 * i;
    x[i] = from != nullptr && d < n ? from[d * step] : 0.0f;
  }
}

template <int kDims>
CHAKU_DEVICE void store_lanes(float* to, int n, int64_t step, const float (&x)[kDims]) {
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) {
    const int d = lane_index() + 32 * i;
    if (d < n) to[d * step] = x[i];
  }
}

// A row of unit length times `scale`.
template <int kDims>
CHAKU_DEVICE void load_unit(const float* row, int n, float epsilon, float scale, float (&x)[kDims]) {
  load_lanes(row, n, 1, x);
  const float factor = scale * inverse_length(x, epsilon);
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) x[i] *= factor;
}

template <int kDims>
CHAKU_DEVICE float lanes_dot(const float (&a)[kDims], const float (&b)[kDims]) {
  float sum = 0.0f;
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) sum = fmaf(a[i], b[i], sum);
  return warp_sum(sum);
}

CHAKU_DEVICE float softplus(float x) { return x > 30.0f ? x : log1pf(expf(x)); }
CHAKU_DEVICE float logistic(float x) { return 1.0f / (1.0f + expf(-x)); }

// g and b of a value head at a token.
CHAKU_DEVICE float keep_of(const DeltaRuleProblem& p, int64_t t, int head) {
  return expf(p.rate[head] * softplus(p.alpha[t * p.n_value_heads + head]));
}
CHAKU_DEVICE float write_of(const DeltaRuleProblem& p, int64_t t, int head) {
  return logistic(p.beta[t * p.n_value_heads + head]);
}

}  // namespace chaku::cuda
