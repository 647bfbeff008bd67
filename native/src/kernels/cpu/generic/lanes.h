// Rows in lanes: what stands one after another in memory becomes what vectors have side by side, and back.
#pragma once

#include "kernels/cpu/generic/simd.h"

namespace chaku::CHAKU_ISA {

#if defined(__AVX512F__)
CHAKU_INLINE void store_bytes(uint8_t* p, F v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}
#else
CHAKU_INLINE void store_bytes(uint8_t* p, F v) {
  const I whole = _mm256_cvtps_epi32(v);
  const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
}
#endif

CHAKU_INLINE F magnitude(F v) { return maximum(v, zero() - v); }

// to[n, rows] = the columns at rows' addresses; n and width are multiples of kLanes.
template <class RowOf>
CHAKU_INLINE void to_lanes(int64_t width, int64_t n, RowOf row_of, float* to) {
  for (int64_t first = 0; first < width; first += kLanes)
    for (int64_t k = 0; k < n; k += kLanes) {
      F r[kLanes];
      for (int i = 0; i < kLanes; ++i) r[i] = load(row_of(first + i) + k);
      transpose(r);
      for (int i = 0; i < kLanes; ++i) store(to + (k + i) * width + first, r[i]);
    }
}

// Whole numbers of 0..255 in from[n, width] to bytes[width, n], `stride` bytes between rows.
CHAKU_INLINE void to_bytes(const float* from, int64_t width, int64_t n, uint8_t* bytes, int64_t stride) {
  for (int64_t first = 0; first < width; first += kLanes)
    for (int64_t k = 0; k < n; k += kLanes) {
      F r[kLanes];
      for (int i = 0; i < kLanes; ++i) r[i] = load(from + (k + i) * width + first);
      transpose(r);
      for (int i = 0; i < kLanes; ++i) store_bytes(bytes + (first + i) * stride + k, r[i]);
    }
}

}  // namespace chaku::CHAKU_ISA
