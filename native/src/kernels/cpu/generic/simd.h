// Float vectors of the width that this translation unit is compiled for: 8 lanes with AVX2, 16 with AVX-512.
//
// Every file of kernels/cpu/<isa> defines CHAKU_ISA as the name of its instruction set and includes files of generic/,
// which put all they define into namespace chaku::CHAKU_ISA. Functions are static and inlined, and nothing inline of
// the baseline code (standard containers, RAII types, half.h) may be called there: the linker keeps one copy of an
// inline function, and a copy built with wide instructions must never serve baseline code.
#pragma once

#ifndef CHAKU_ISA
#error "define CHAKU_ISA before including generic/ files"
#endif

#include <immintrin.h>
#include <stdint.h>

#define CHAKU_INLINE static inline __attribute__((always_inline))

namespace chaku::CHAKU_ISA {

CHAKU_INLINE constexpr int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
CHAKU_INLINE constexpr int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
CHAKU_INLINE int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
CHAKU_INLINE int64_t round_up(int64_t a, int64_t to) { return ceil_div(a, to) * to; }

#if defined(__AVX512F__)

constexpr int kLanes = 16;
using F = __m512;
using I = __m512i;
using Mask = __mmask16;

CHAKU_INLINE F zero() { return _mm512_setzero_ps(); }
CHAKU_INLINE F broadcast(float x) { return _mm512_set1_ps(x); }
CHAKU_INLINE F load(const float* p) { return _mm512_loadu_ps(p); }
CHAKU_INLINE void store(float* p, F v) { _mm512_storeu_ps(p, v); }
CHAKU_INLINE Mask first_lanes(int64_t n) {
  return n >= kLanes ? static_cast<Mask>(0xffff) : static_cast<Mask>((1u << n) - 1);
}
// The first n lanes; the others are zero. n in [0, kLanes] or more.
CHAKU_INLINE F load_n(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
CHAKU_INLINE void store_n(float* p, F v, int64_t n) {
  if (n >= kLanes)
    store(p, v);  // masked stores are slow on some processors
  else
    _mm512_mask_storeu_ps(p, first_lanes(n), v);
}
CHAKU_INLINE F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }    // a b + c
CHAKU_INLINE F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a b
CHAKU_INLINE F maximum(F a, F b) { return _mm512_max_ps(a, b); }
CHAKU_INLINE F minimum(F a, F b) { return _mm512_min_ps(a, b); }
CHAKU_INLINE F square_root(F a) { return _mm512_sqrt_ps(a); }
CHAKU_INLINE F round_to_even(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
CHAKU_INLINE Mask less(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
CHAKU_INLINE F select(Mask m, F yes, F no) { return _mm512_mask_blend_ps(m, no, yes); }
CHAKU_INLINE bool any(Mask m) { return m != 0; }
// a * 2^n for integral n, rounded once, with gradual underflow and overflow to infinity.
CHAKU_INLINE F scale_by_power(F a, F n) { return _mm512_scalef_ps(a, n); }
// Sums in a fixed order: halves, quarters, pairs.
CHAKU_INLINE __m256 fold(F v) { return _mm512_castps512_ps256(v) + _mm512_extractf32x8_ps(v, 1); }
CHAKU_INLINE __m256 fold_max(F v) { return _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)); }
// The sum of all lanes in float64.
CHAKU_INLINE double sum_f64(F v) {
  return _mm512_reduce_add_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(v)) +
                              _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)));
}
CHAKU_INLINE void expand_u8(__m128i q, F* out) { out[0] = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(q)); }
CHAKU_INLINE void expand_s8(__m128i q, F* out) { out[0] = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)); }
CHAKU_INLINE F load_f16(const void* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p))); }
CHAKU_INLINE F load_bf16(const void* p) {
  const I wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
// What a nibble stands for: scale * nibble + offset, here a table looked up by the low four bits of each lane.
using NibbleMap = F;
CHAKU_INLINE NibbleMap nibble_map(float scale, float offset) {
  const F iota = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return fma(iota, broadcast(scale), broadcast(offset));
}
CHAKU_INLINE void low_nibbles(__m128i q, NibbleMap map, F* out) {
  out[0] = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(q), map);
}
CHAKU_INLINE void high_nibbles(__m128i q, NibbleMap map, F* out) {
  out[0] = _mm512_permutexvar_ps(_mm512_srli_epi32(_mm512_cvtepu8_epi32(q), 4), map);
}
// High and low halves of the 64-bit products of 32-bit lanes.
CHAKU_INLINE void multiply_wide(I a, uint32_t factor, I* high, I* low) {
  const I f = _mm512_set1_epi32(static_cast<int>(factor));
  const I even = _mm512_mul_epu32(a, f), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), f);
  *high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
  *low = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
}
CHAKU_INLINE void transpose(F (&r)[16]) {
  F t[16];
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 2; ++j) {
      const __m512d a = _mm512_castps_pd(t[4 * i + j]), b = _mm512_castps_pd(t[4 * i + j + 2]);
      r[4 * i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
      r[4 * i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    const int at = i & 3, odd = i >> 2;
    r[at + 4 * odd] = _mm512_shuffle_f32x4(t[at + 4 * odd], t[at + 8 + 4 * odd], 0x88);
    r[at + 8 + 4 * odd] = _mm512_shuffle_f32x4(t[at + 4 * odd], t[at + 8 + 4 * odd], 0xdd);
  }
}

#else

constexpr int kLanes = 8;
using F = __m256;
using I = __m256i;
using Mask = __m256;

CHAKU_INLINE F zero() { return _mm256_setzero_ps(); }
CHAKU_INLINE F broadcast(float x) { return _mm256_set1_ps(x); }
CHAKU_INLINE F load(const float* p) { return _mm256_loadu_ps(p); }
CHAKU_INLINE void store(float* p, F v) { _mm256_storeu_ps(p, v); }
CHAKU_INLINE I first_lanes(int64_t n) {
  const int count = static_cast<int>(min(n, kLanes));
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
CHAKU_INLINE F load_n(const float* p, int64_t n) { return _mm256_maskload_ps(p, first_lanes(n)); }
CHAKU_INLINE void store_n(float* p, F v, int64_t n) {
  if (n >= kLanes)
    store(p, v);
  else
    _mm256_maskstore_ps(p, first_lanes(n), v);
}
CHAKU_INLINE F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
CHAKU_INLINE F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }
CHAKU_INLINE F maximum(F a, F b) { return _mm256_max_ps(a, b); }
CHAKU_INLINE F minimum(F a, F b) { return _mm256_min_ps(a, b); }
CHAKU_INLINE F square_root(F a) { return _mm256_sqrt_ps(a); }
CHAKU_INLINE F round_to_even(F a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
CHAKU_INLINE Mask less(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
CHAKU_INLINE F select(Mask m, F yes, F no) { return _mm256_blendv_ps(no, yes, m); }
CHAKU_INLINE bool any(Mask m) { return _mm256_movemask_ps(m) != 0; }
CHAKU_INLINE F power_of_two(I n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
// In two steps, so that each factor is a normal number for n in [-252, 254].
CHAKU_INLINE F scale_by_power(F a, F n) {
  const I whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  return a * power_of_two(half) * power_of_two(_mm256_sub_epi32(whole, half));
}
CHAKU_INLINE __m256 fold(F v) { return v; }
CHAKU_INLINE __m256 fold_max(F v) { return v; }
CHAKU_INLINE double sum_f64(F v) {
  const __m256d s = _mm256_cvtps_pd(_mm256_castps256_ps128(v)) + _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
  const __m128d pair = _mm256_castpd256_pd128(s) + _mm256_extractf128_pd(s, 1);
  return pair[0] + pair[1];
}
CHAKU_INLINE void expand_u8(__m128i q, F* out) {
  out[0] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(q));
  out[1] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(q, 8)));
}
CHAKU_INLINE void expand_s8(__m128i q, F* out) {
  out[0] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q));
  out[1] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(q, 8)));
}
CHAKU_INLINE F load_f16(const void* p) { return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
CHAKU_INLINE F load_bf16(const void* p) {
  const I wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
struct NibbleMap {
  F scale, offset;
};
CHAKU_INLINE NibbleMap nibble_map(float scale, float offset) { return {broadcast(scale), broadcast(offset)}; }
CHAKU_INLINE void low_nibbles(__m128i q, const NibbleMap& map, F* out) {
  expand_u8(_mm_and_si128(q, _mm_set1_epi8(15)), out);
  for (int i = 0; i < 2; ++i) out[i] = fma(out[i], map.scale, map.offset);
}
CHAKU_INLINE void high_nibbles(__m128i q, const NibbleMap& map, F* out) { low_nibbles(_mm_srli_epi16(q, 4), map, out); }
CHAKU_INLINE void multiply_wide(I a, uint32_t factor, I* high, I* low) {
  const I f = _mm256_set1_epi32(static_cast<int>(factor));
  const I even = _mm256_mul_epu32(a, f), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), f);
  *high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
CHAKU_INLINE void transpose(F (&r)[8]) {
  F t[8];
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) {
      const __m256d a = _mm256_castps_pd(t[4 * i + j]), b = _mm256_castps_pd(t[4 * i + j + 2]);
      r[4 * i + 2 * j] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
      r[4 * i + 2 * j + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
    }
  for (int i = 0; i < 4; ++i) {
    const F low = r[i], high = r[i + 4];
    r[i] = _mm256_permute2f128_ps(low, high, 0x20);
    r[i + 4] = _mm256_permute2f128_ps(low, high, 0x31);
  }
}

#endif

CHAKU_INLINE float sum(F v) {
  const __m256 half = fold(v);
  const __m128 quarter = _mm256_castps256_ps128(half) + _mm256_extractf128_ps(half, 1);
  const __m128 pairs = quarter + _mm_movehl_ps(quarter, quarter);
  return pairs[0] + pairs[1];
}

// sum() of each vector, in the order of vectors. Overwrites them.
CHAKU_INLINE F sum_each(F (&v)[kLanes]) {
  transpose(v);
#pragma GCC unroll 4
  for (int left = kLanes / 2; left > 0; left /= 2)
    for (int i = 0; i < left; ++i) v[i] = v[i] + v[i + left];
  return v[0];
}

CHAKU_INLINE float max_of(F v) {
  const __m256 half = fold_max(v);
  const __m128 quarter = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  const __m128 pairs = _mm_max_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return pairs[0] > pairs[1] ? pairs[0] : pairs[1];
}

CHAKU_INLINE __m128i load_bytes16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
CHAKU_INLINE __m256i load_bytes32(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }

CHAKU_INLINE float half_to_float(const uint8_t* p) {
  uint16_t bits;
  __builtin_memcpy(&bits, p, 2);
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
}

// 16 numbers fill this many vectors.
constexpr int kPer16 = 16 / kLanes;

}  // namespace chaku::CHAKU_ISA
