// Rotation by halves works on whole vectors; rotation of adjacent pairs multiplies by duplicated cosines and swaps
// neighbours.
#pragma once

#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/simd.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

CHAKU_INLINE void rotate_halves(float* x, const float* cosines, const float* sines, int64_t half, float sign) {
  for (int64_t i = 0; i < half; i += kLanes) {
    const int64_t n = half - i;
    const F a = load_n(x + i, n), b = load_n(x + half + i, n);
    const F c = load_n(cosines + i, n), s = load_n(sines + i, n) * broadcast(sign);
    store_n(x + i, fnma(b, s, a * c), n);
    store_n(x + half + i, fma(a, s, b * c), n);
  }
}

CHAKU_INLINE void rotate_pair(float* x, float c, float s) {
  const float a = x[0], b = x[1];
  x[0] = __builtin_fmaf(-b, s, a * c);
  x[1] = __builtin_fmaf(a, s, b * c);
}

CHAKU_INLINE void rotate_adjacent(float* x, const float* cosines, const float* sines, int64_t half, float sign) {
  int64_t i = 0;
  for (; i + 4 <= half; i += 4) {
    const __m256 pairs = _mm256_loadu_ps(x + 2 * i);
    const __m128 c = _mm_loadu_ps(cosines + i), s = _mm_loadu_ps(sines + i) * _mm_set1_ps(sign);
    const __m256 c2 = _mm256_set_m128(_mm_unpackhi_ps(c, c), _mm_unpacklo_ps(c, c));
    const __m256 s2 = _mm256_set_m128(_mm_unpackhi_ps(s, s), _mm_unpacklo_ps(s, s));
    const __m256 swapped = _mm256_permute_ps(pairs, 0xb1);
    _mm256_storeu_ps(x + 2 * i, _mm256_fmaddsub_ps(pairs, c2, swapped * s2));  // even lanes subtract
  }
  for (; i < half; ++i) rotate_pair(x + 2 * i, cosines[i], sines[i] * sign);
}

void rope(const RopeProblem& p, Queue& queue) noexcept {
  const int64_t half = p.n_dims / 2;
  const float sign = p.backward ? -1.0f : 1.0f;
  queue.parallel_for(p.m, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m)
      for (int64_t head = 0; head < p.n_heads; ++head) {
        float* x = p.x + m * p.x_stride + head * p.head_dim;
        const float *c = p.cosines + m * half, *s = p.sines + m * half;
        if (p.pairing == RopePairing::kHalves)
          rotate_halves(x, c, s, half, sign);
        else
          rotate_adjacent(x, c, s, half, sign);
      }
  });
}

}  // namespace chaku::CHAKU_ISA
