// Decoders of the block formats that have their own vector code; every other format goes through the scalar codec.
//
// A format F has F::kBlock elements in F::kBytes bytes and decodes F::kGranule of them at a time into vectors in memory
// order: F::header(block) is what the granules of a block share, F::decode(block, header, g, out) is granule g. The
// same decoder feeds the panels of the large products (stores) and the dot products of the small ones (registers).
// Layouts: quant/blocks.h.
#pragma once

#include "kernels/cpu/generic/simd.h"

namespace chaku::CHAKU_ISA {

struct NoHeader {};

struct FormatF32 {
  static constexpr int kBlock = 1, kBytes = 4, kGranule = 16;
  using Header = NoHeader;
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  CHAKU_INLINE void decode(const uint8_t* p, Header, int, F* out) {
    for (int i = 0; i < kPer16; ++i) out[i] = load(reinterpret_cast<const float*>(p) + i * kLanes);
  }
};

struct FormatF16 {
  static constexpr int kBlock = 1, kBytes = 2, kGranule = 16;
  using Header = NoHeader;
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  CHAKU_INLINE void decode(const uint8_t* p, Header, int, F* out) {
    for (int i = 0; i < kPer16; ++i) out[i] = load_f16(p + i * kLanes * 2);
  }
};

struct FormatBF16 {
  static constexpr int kBlock = 1, kBytes = 2, kGranule = 16;
  using Header = NoHeader;
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  CHAKU_INLINE void decode(const uint8_t* p, Header, int, F* out) {
    for (int i = 0; i < kPer16; ++i) out[i] = load_bf16(p + i * kLanes * 2);
  }
};

struct FormatQ8_0 {
  static constexpr int kBlock = 32, kBytes = 34, kGranule = 32;
  using Header = NoHeader;
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  CHAKU_INLINE void decode(const uint8_t* p, Header, int, F* out) {
    const F d = broadcast(half_to_float(p));
    for (int i = 0; i < 2; ++i) expand_s8(load_bytes16(p + 2 + 16 * i), out + i * kPer16);
    for (int i = 0; i < 2 * kPer16; ++i) out[i] = out[i] * d;
  }
};

struct FormatQ4_0 {
  static constexpr int kBlock = 32, kBytes = 18, kGranule = 32;
  using Header = NoHeader;
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  CHAKU_INLINE void decode(const uint8_t* p, Header, int, F* out) {
    const float d = half_to_float(p);
    const NibbleMap map = nibble_map(d, -8.0f * d);
    const __m128i q = load_bytes16(p + 2);
    low_nibbles(q, map, out);
    high_nibbles(q, map, out + kPer16);
  }
};

struct FormatQ4_1 {
  static constexpr int kBlock = 32, kBytes = 20, kGranule = 32;
  using Header = NoHeader;
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  CHAKU_INLINE void decode(const uint8_t* p, Header, int, F* out) {
    const NibbleMap map = nibble_map(half_to_float(p), half_to_float(p + 2));
    const __m128i q = load_bytes16(p + 4);
    low_nibbles(q, map, out);
    high_nibbles(q, map, out + kPer16);
  }
};

// scale * code + offset for 32 five-bit codes: nibbles at q, the low ones first, and their fifth bits in 32 bits.
CHAKU_INLINE void decode_five_bits(const uint8_t* q, const uint8_t* fifth, float scale, float offset, F* out) {
  uint32_t bits;
  __builtin_memcpy(&bits, fifth, 4);
  const __m128i nibbles = load_bytes16(q);
#if defined(__AVX512F__)  // mask registers take the bits as they are
  const NibbleMap map = nibble_map(scale, offset);
  low_nibbles(nibbles, map, out);
  high_nibbles(nibbles, map, out + 1);
  out[0] = _mm512_mask_add_ps(out[0], static_cast<Mask>(bits), out[0], broadcast(16.0f * scale));
  out[1] = _mm512_mask_add_ps(out[1], static_cast<Mask>(bits >> 16), out[1], broadcast(16.0f * scale));
#else  // byte i of the 32 gets bit i: its source byte is repeated, all other bits are set, and all ones are found
  const __m256i source =
      _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i others = _mm256_set1_epi64x(0x7fbfdfeff7fbfdfe);
  const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits)), source);
  const __m256i set = _mm256_cmpeq_epi8(_mm256_or_si256(spread, others), _mm256_set1_epi8(-1));
  const __m256i both = _mm256_set_m128i(_mm_srli_epi16(nibbles, 4), nibbles);
  const __m256i codes =
      _mm256_or_si256(_mm256_and_si256(both, _mm256_set1_epi8(15)), _mm256_and_si256(set, _mm256_set1_epi8(16)));
  expand_u8(_mm256_castsi256_si128(codes), out);
  expand_u8(_mm256_extracti128_si256(codes, 1), out + kPer16);
  for (int i = 0; i < 2 * kPer16; ++i) out[i] = fma(out[i], broadcast(scale), broadcast(offset));
#endif
}

struct FormatQ5_0 {
  static constexpr int kBlock = 32, kBytes = 22, kGranule = 32;
  using Header = NoHeader;
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  CHAKU_INLINE void decode(const uint8_t* p, Header, int, F* out) {
    const float d = half_to_float(p);
    decode_five_bits(p + 6, p + 2, d, -16.0f * d, out);
  }
};

struct FormatQ5_1 {
  static constexpr int kBlock = 32, kBytes = 24, kGranule = 32;
  using Header = NoHeader;
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  CHAKU_INLINE void decode(const uint8_t* p, Header, int, F* out) {
    decode_five_bits(p + 8, p + 4, half_to_float(p), half_to_float(p + 2), out);
  }
};

// 16 entries of a code book for 4-bit codes, scaled.
struct FormatIQ4_NL {
  static constexpr int kBlock = 32, kBytes = 18, kGranule = 32;
  using Header = NoHeader;
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  CHAKU_INLINE void decode(const uint8_t* p, Header, int, F* out) {
    const F d = broadcast(half_to_float(p));
    const __m128i book = _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
    const __m128i mask = _mm_set1_epi8(15), q = load_bytes16(p + 2);
    expand_s8(_mm_shuffle_epi8(book, _mm_and_si128(q, mask)), out);
    expand_s8(_mm_shuffle_epi8(book, _mm_and_si128(_mm_srli_epi16(q, 4), mask)), out + kPer16);
    for (int i = 0; i < 2 * kPer16; ++i) out[i] = out[i] * d;
  }
};

// Scales and minima of the eight 32-element parts of a Q4_K or Q5_K block: six bits each, packed into 12 bytes.
struct ScalesAndMins {
  float scale[8], offset[8];
};

CHAKU_INLINE ScalesAndMins unpack_scales(const uint8_t* block) {
  uint32_t a, b, c;
  __builtin_memcpy(&a, block + 4, 4);
  __builtin_memcpy(&b, block + 8, 4);
  __builtin_memcpy(&c, block + 12, 4);
  const auto join = [](uint32_t low, uint32_t high) { return static_cast<long long>(uint64_t{high} << 32 | low); };
  const long long scales = join(a & 0x3f3f3f3fu, (c & 0x0f0f0f0fu) | (a >> 2 & 0x30303030u));
  const long long mins = join(b & 0x3f3f3f3fu, (c >> 4 & 0x0f0f0f0fu) | (b >> 2 & 0x30303030u));
  const auto expand = [](long long bytes) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes)));
  };
  ScalesAndMins out;
  _mm256_storeu_ps(out.scale, expand(scales) * _mm256_set1_ps(half_to_float(block)));
  _mm256_storeu_ps(out.offset, expand(mins) * _mm256_set1_ps(-half_to_float(block + 2)));
  return out;
}

struct FormatQ4_K {
  static constexpr int kBlock = 256, kBytes = 144, kGranule = 64;
  using Header = ScalesAndMins;
  CHAKU_INLINE Header header(const uint8_t* p) { return unpack_scales(p); }
  CHAKU_INLINE void decode(const uint8_t* p, const Header& h, int g, F* out) {
    const NibbleMap low = nibble_map(h.scale[2 * g], h.offset[2 * g]);
    const NibbleMap high = nibble_map(h.scale[2 * g + 1], h.offset[2 * g + 1]);
    for (int i = 0; i < 2; ++i) {
      const __m128i q = load_bytes16(p + 16 + 32 * g + 16 * i);
      low_nibbles(q, low, out + i * kPer16);
      high_nibbles(q, high, out + (2 + i) * kPer16);
    }
  }
};

struct FormatQ5_K {
  static constexpr int kBlock = 256, kBytes = 176, kGranule = 64;
  using Header = ScalesAndMins;
  CHAKU_INLINE Header header(const uint8_t* p) { return unpack_scales(p); }
  CHAKU_INLINE void decode(const uint8_t* p, const Header& h, int g, F* out) {
    const __m128i nibble = _mm_set1_epi8(15), fifth = _mm_set1_epi8(16);
    for (int i = 0; i < 2; ++i) {
      const __m128i q = load_bytes16(p + 48 + 32 * g + 16 * i), bits = load_bytes16(p + 16 + 16 * i);
      // bit 2g is the fifth of the low nibble, bit 2g + 1 that of the high one; both are moved to bit 4
      const __m128i low_first = _mm_srl_epi16(bits, _mm_cvtsi32_si128(2 * g)),
                    high_first = _mm_srli_epi16(low_first, 1);
      const __m128i low_bit = _mm_and_si128(_mm_slli_epi16(low_first, 4), fifth);
      const __m128i high_bit = _mm_and_si128(_mm_slli_epi16(high_first, 4), fifth);
      expand_u8(_mm_or_si128(_mm_and_si128(q, nibble), low_bit), out + i * kPer16);
      expand_u8(_mm_or_si128(_mm_and_si128(_mm_srli_epi16(q, 4), nibble), high_bit), out + (2 + i) * kPer16);
    }
    for (int i = 0; i < 4 * kPer16; ++i) {
      const int part = 2 * g + i / (2 * kPer16);
      out[i] = fma(out[i], broadcast(h.scale[part]), broadcast(h.offset[part]));
    }
  }
};

// d times the 16 scales of a Q6_K block, each for 16 elements.
struct SixteenScales {
  float scale[16];
};

struct FormatQ6_K {
  static constexpr int kBlock = 256, kBytes = 210, kGranule = 32;
  using Header = SixteenScales;
  CHAKU_INLINE Header header(const uint8_t* p) {
    Header h;
    F scales[kPer16];
    expand_s8(load_bytes16(p + 192), scales);
    for (int i = 0; i < kPer16; ++i) store(h.scale + i * kLanes, scales[i] * broadcast(half_to_float(p + 208)));
    return h;
  }
  // Granule g is quarter g % 4 of half g / 4: its low bits are one nibble of 32 bytes, its high bits two of 32 bytes.
  CHAKU_INLINE void decode(const uint8_t* p, const Header& h, int g, F* out) {
    const int half = g / 4, quarter = g % 4;
    const __m256i low = load_bytes32(p + 64 * half + 32 * (quarter & 1));
    const __m256i high = load_bytes32(p + 128 + 32 * half);
    const __m256i nibbles =
        _mm256_and_si256(_mm256_srl_epi16(low, _mm_cvtsi32_si128(quarter & 2 ? 4 : 0)), _mm256_set1_epi8(15));
    const __m256i pair = _mm256_and_si256(_mm256_srl_epi16(high, _mm_cvtsi32_si128(2 * quarter)), _mm256_set1_epi8(3));
    const __m256i codes = _mm256_sub_epi8(_mm256_or_si256(nibbles, _mm256_slli_epi16(pair, 4)), _mm256_set1_epi8(32));
    expand_s8(_mm256_castsi256_si128(codes), out);
    expand_s8(_mm256_extracti128_si256(codes, 1), out + kPer16);
    for (int i = 0; i < 2 * kPer16; ++i) out[i] = out[i] * broadcast(h.scale[2 * g + i / kPer16]);
  }
};

}  // namespace chaku::CHAKU_ISA
