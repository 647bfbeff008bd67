// Ranges of weight rows as bfloat16.
//
// Formats of 4 and 5 bits are looked up: a block's scale and offset make a table of all 16 or 32 values, in one or two
// fused multiply-adds and one rounding, and vpermw picks 32 of them at a time, about seven instructions for 32 weights.
// vpermw reads the low five bits of each index: a table of 16 is held twice, so that the fifth bit does not matter and
// nibbles need no mask. The other formats are decoded to float32 and rounded; either way a value is what the float32
// decoder gives, rounded once.
#pragma once

#ifndef CHAKU_ISA
#define CHAKU_ISA amx
#endif

#include "kernels/cpu/generic/bf16.h"
#include "kernels/cpu/generic/decode.inl"

namespace chaku::amx {

CHAKU_INLINE void store_row(Bf16* to, I values) { _mm512_storeu_si512(to, values); }

CHAKU_INLINE I twice(F sixteen) {
  return _mm512_broadcast_i64x4(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(sixteen)));
}

// For indices below 16.
CHAKU_INLINE I once(F sixteen) {
  return _mm512_castsi256_si512(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(sixteen)));
}

// scale * i + offset for i in [0, 16), twice.
CHAKU_INLINE I table_of_16(float scale, float offset) { return twice(nibble_map(scale, offset)); }

// scale * i + offset for i in [0, 32).
CHAKU_INLINE I table_of_32(float scale, float offset) {
  const F upper = _mm512_setr_ps(16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
  return round_pair(nibble_map(scale, offset), fma(upper, broadcast(scale), broadcast(offset)));
}

// 16 bytes of nibbles, the low ones before the high ones; what stands above bit 4 of an index does not matter.
CHAKU_INLINE I indices_of_nibbles(__m128i q) {
  return _mm512_cvtepu8_epi16(_mm256_inserti128_si256(_mm256_castsi128_si256(q), _mm_srli_epi16(q, 4), 1));
}

// Where a row's elements go: each 32 of them `stride` elements behind those before.
struct Places {
  Bf16* first;
  int64_t stride = 32;

  Bf16* at(int64_t i) const { return first + i * stride; }
  Places from(int64_t i) const { return {at(i), stride}; }
};

// Decodes one step of a row. The general case rounds what the float32 decoder gives.
template <class Format>
struct RoundedStep {
  CHAKU_INLINE void decode(const uint8_t* block, Places out) {
    constexpr int kVectors = kStep<Format> / kLanes, kEach = kGranuleVectors<Format>;
    const auto header = Format::header(block);
    F v[kVectors];
#pragma GCC unroll 16
    for (int g = 0; g < kVectors / kEach; ++g) Format::decode(block, header, g, v + g * kEach);
#pragma GCC unroll 16
    for (int i = 0; i < kVectors; i += 2) store_row(out.at(i / 2), round_pair(v[i], v[i + 1]));
  }
};

template <>
struct RoundedStep<FormatQ4_0> {
  CHAKU_INLINE void decode(const uint8_t* p, Places out) {
    const float d = half_to_float(p);
    const I indices = indices_of_nibbles(load_bytes16(p + 2));
    store_row(out.first, _mm512_permutexvar_epi16(indices, table_of_16(d, -8.0f * d)));
  }
};

template <>
struct RoundedStep<FormatQ4_1> {
  CHAKU_INLINE void decode(const uint8_t* p, Places out) {
    const I indices = indices_of_nibbles(load_bytes16(p + 4));
    store_row(out.first, _mm512_permutexvar_epi16(indices, table_of_16(half_to_float(p), half_to_float(p + 2))));
  }
};

template <>
struct RoundedStep<FormatIQ4_NL> {
  CHAKU_INLINE void decode(const uint8_t* p, Places out) {
    const F book = _mm512_setr_ps(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
    const I table = twice(book * broadcast(half_to_float(p)));
    store_row(out.first, _mm512_permutexvar_epi16(indices_of_nibbles(load_bytes16(p + 2)), table));
  }
};

CHAKU_INLINE I with_fifth_bits(I nibbles, __mmask32 fifth) {
  const I low = _mm512_and_si512(nibbles, _mm512_set1_epi16(15));
  return _mm512_mask_add_epi16(low, fifth, low, _mm512_set1_epi16(16));
}

template <>
struct RoundedStep<FormatQ5_0> {
  CHAKU_INLINE void decode(const uint8_t* p, Places out) {
    uint32_t fifth;
    __builtin_memcpy(&fifth, p + 2, 4);
    const float d = half_to_float(p);
    const I indices = with_fifth_bits(indices_of_nibbles(load_bytes16(p + 6)), fifth);
    store_row(out.first, _mm512_permutexvar_epi16(indices, table_of_32(d, -16.0f * d)));
  }
};

template <>
struct RoundedStep<FormatQ5_1> {
  CHAKU_INLINE void decode(const uint8_t* p, Places out) {
    uint32_t fifth;
    __builtin_memcpy(&fifth, p + 4, 4);
    const I indices = with_fifth_bits(indices_of_nibbles(load_bytes16(p + 8)), fifth);
    store_row(out.first, _mm512_permutexvar_epi16(indices, table_of_32(half_to_float(p), half_to_float(p + 2))));
  }
};

template <>
struct RoundedStep<FormatQ4_K> {
  CHAKU_INLINE void decode(const uint8_t* p, Places out) {
    ScalesAndMins h = unpack_scales(p);
    __asm__("" : "+m"(h));  // broadcasts from memory leave the port of the shuffles free
#pragma GCC unroll 4
    for (int g = 0; g < 4; ++g) {
      const I q = _mm512_cvtepu8_epi16(load_bytes32(p + 16 + 32 * g));
      const I low = once(nibble_map(h.scale[2 * g], h.offset[2 * g]));
      const I high = once(nibble_map(h.scale[2 * g + 1], h.offset[2 * g + 1]));
      store_row(out.at(2 * g), _mm512_permutexvar_epi16(_mm512_and_si512(q, _mm512_set1_epi16(15)), low));
      store_row(out.at(2 * g + 1), _mm512_permutexvar_epi16(_mm512_srli_epi16(q, 4), high));
    }
  }
};

template <>
struct RoundedStep<FormatQ5_K> {
  CHAKU_INLINE void decode(const uint8_t* p, Places out) {
    const ScalesAndMins h = unpack_scales(p);
    const I bits = _mm512_cvtepu8_epi16(load_bytes32(p + 16));
#pragma GCC unroll 4
    for (int g = 0; g < 4; ++g) {
      const I q = _mm512_cvtepu8_epi16(load_bytes32(p + 48 + 32 * g));
      const __mmask32 low = _mm512_test_epi16_mask(bits, _mm512_set1_epi16(static_cast<int16_t>(1 << 2 * g)));
      const __mmask32 high = _mm512_test_epi16_mask(bits, _mm512_set1_epi16(static_cast<int16_t>(2 << 2 * g)));
      store_row(out.at(2 * g),
                _mm512_permutexvar_epi16(with_fifth_bits(q, low), table_of_32(h.scale[2 * g], h.offset[2 * g])));
      store_row(out.at(2 * g + 1), _mm512_permutexvar_epi16(with_fifth_bits(_mm512_srli_epi16(q, 4), high),
                                                            table_of_32(h.scale[2 * g + 1], h.offset[2 * g + 1])));
    }
  }
};

// Formats of single elements: 32 of them are a step here.
template <class Format>
CHAKU_INLINE void round_elements(const uint8_t* p, Bf16* out) {
  F low[1], high[1];
  Format::decode(p, {}, 0, low);
  Format::decode(p + kLanes * Format::kBytes, {}, 0, high);
  store_row(out, round_pair(low[0], high[0]));
}

// Row elements [k, k + count) to dst, which has places for count rounded up to 32, and the surplus is zeroed; k and
// count as for decode_range.
using RoundRange = void (*)(const Rows& w, int64_t row, int64_t k, int64_t count, Places dst);

template <class Format>
static void round_range(const Rows& w, int64_t row, int64_t k, int64_t count, Places dst) {
  const uint8_t* p = w.data + row * w.stride_bytes + k / Format::kBlock * Format::kBytes;
  if constexpr (Format::kBlock == 1) {
    int64_t done = 0;
    for (; done + 32 <= count; done += 32) round_elements<Format>(p + done * Format::kBytes, dst.at(done / 32));
    if (done == count) return;
    uint8_t rest[32 * Format::kBytes] = {};
    __builtin_memcpy(rest, p + done * Format::kBytes, static_cast<size_t>((count - done) * Format::kBytes));
    round_elements<Format>(rest, dst.at(done / 32));
  } else {
    for (int64_t done = 0; done < count; done += kStep<Format>, p += kStepBytes<Format>)
      RoundedStep<Format>::decode(p, dst.from(done / 32));
  }
}

constexpr int64_t kMostRange = 256;

// The formats without a vector decoder: the scalar codec, then rounding.
static void round_range_scalar(const Rows& w, int64_t row, int64_t k, int64_t count, Places dst) {
  alignas(64) float values[kMostRange];
  w.range(row, k, count, values);
  for (int64_t i = 0; i < count; i += 32)
    store_row(dst.at(i / 32),
              round_pair(load_n(values + i, count - i), load_n(values + i + kLanes, max(count - i - kLanes, 0))));
}

static RoundRange find_round_range(DType dtype) {
  switch (dtype) {
#define CHAKU_CASE(id, Format) \
  case DType::id: return round_range<Format>;
    CHAKU_VECTOR_FORMATS(CHAKU_CASE)
#undef CHAKU_CASE
    default: return round_range_scalar;
  }
}

}  // namespace chaku::amx
