// Scales of super-blocks out of their packed bits, for both widths of vectors. Layouts: quant/blocks.h.
#pragma once

#include "kernels/cpu/generic/simd.h"

namespace chaku::CHAKU_ISA {

CHAKU_INLINE uint64_t load_word64(const void* p) {
  uint64_t word;
  __builtin_memcpy(&word, p, 8);
  return word;
}

CHAKU_INLINE uint32_t load_word32(const void* p) {
  uint32_t word;
  __builtin_memcpy(&word, p, 4);
  return word;
}

CHAKU_INLINE __m128i two_words(uint64_t low, uint64_t high) {
  return _mm_insert_epi64(_mm_cvtsi64_si128(static_cast<long long>(low)), static_cast<long long>(high), 1);
}

// Q4_K and Q5_K, bytes: scales 0..3, minima 0..3, scales 4..7, minima 4..7.
CHAKU_INLINE __m128i scales_and_minima(const uint8_t* block) {
  const uint64_t low = load_word64(block + 4);
  const uint32_t nibbles = load_word32(block + 12);
  const uint64_t spread = (nibbles & 0x0f0f0f0fu) | uint64_t{nibbles >> 4 & 0x0f0f0f0fu} << 32;
  return two_words(low & 0x3f3f3f3f3f3f3f3fu, spread | (low >> 2 & 0x3030303030303030u));
}

// The sixteen scales of Q3_K, signed.
CHAKU_INLINE __m128i scales_q3_k(const uint8_t* block) {
  const uint64_t low = load_word64(block + 96);
  const __m128i nibbles = two_words(low & 0x0f0f0f0f0f0f0f0fu, low >> 4 & 0x0f0f0f0f0f0f0f0fu);
  const __m128i pairs =
      _mm_srlv_epi32(_mm_set1_epi32(static_cast<int>(load_word32(block + 104))), _mm_setr_epi32(0, 2, 4, 6));
  const __m128i high = _mm_slli_epi16(_mm_and_si128(pairs, _mm_set1_epi8(3)), 4);
  return _mm_sub_epi8(_mm_or_si128(nibbles, high), _mm_set1_epi8(32));
}

// The eight scales of IQ4_XS.
CHAKU_INLINE __m256 scales_iq4_xs(const uint8_t* block) {
  uint16_t bits;
  __builtin_memcpy(&bits, block + 2, 2);
  const uint32_t low = load_word32(block + 4);
  const __m128i nibbles = _mm_unpacklo_epi8(_mm_cvtsi32_si128(static_cast<int>(low & 0x0f0f0f0fu)),
                                            _mm_cvtsi32_si128(static_cast<int>(low >> 4 & 0x0f0f0f0fu)));
  const __m256i pairs = _mm256_and_si256(
      _mm256_srlv_epi32(_mm256_set1_epi32(bits), _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14)), _mm256_set1_epi32(3));
  const __m256i codes = _mm256_or_si256(_mm256_cvtepu8_epi32(nibbles), _mm256_slli_epi32(pairs, 4));
  return _mm256_cvtepi32_ps(_mm256_sub_epi32(codes, _mm256_set1_epi32(32))) * _mm256_set1_ps(half_to_float(block));
}

// Half the E8M0 scales of the four blocks of MXFP4 at `step`. Exponents below 2 stand for less than 1e-37: zero.
CHAKU_INLINE __m128 scales_mxfp4(const uint8_t* step) {
  const __m128i e = _mm_setr_epi32(step[0], step[17], step[34], step[51]);
  const __m128i exponent = _mm_max_epi32(_mm_sub_epi32(e, _mm_set1_epi32(1)), _mm_setzero_si128());
  return _mm_castsi128_ps(_mm_slli_epi32(exponent, 23));
}

}  // namespace chaku::CHAKU_ISA
