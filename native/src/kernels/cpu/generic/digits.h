// Activations as integers of 22, 15 or 8 bits, written as three, two or one digit to base 128 that fit signed bytes.
//
// A product of generated tokens with a weight of 4 to 8 bits a number is bound by instructions if every code is first
// made a float. Multiplying bytes takes a fraction of them, but eight bits of x would cost two decimal digits of the
// result. So a step of 128 or 256 elements of x shares one scale and each element becomes
//   x = scale * (128^2 high + 128 mid + low),   high in [-127, 127], mid and low in [-64, 63],
// an error of at most 2.4e-7 of the step's largest element: what float32 sums lose anyhow. Who can do with less takes
// fewer digits, see activation_format.h. The dot product with the codes c of a block is exact in int32 for each digit,
// and the digits are joined by shifts:
//   sum over a block of x (d c + m) = scale d ((C.high 128 + C.mid) 128 + C.low) + m (sum of x).
//
// Memory of some tokens that are multiplied together, step by step: the record of each, then the scales of all. A
// record has for each 64 elements their digits, the highest first (64 bytes each), and sixteen sums of elements in
// float32: of the parts of the step in order, or of the groups that share a scale. The elements of a step are stored in
// the order in which a format's codes come out of its blocks, in slots of 16.
#pragma once

#include "kernels/activation_format.h"
#include "kernels/cpu/generic/simd.h"

namespace chaku::CHAKU_ISA {

constexpr int kDigitBits = 7;
constexpr int kUnit = 64;  // elements whose digits lie together
template <int kDigits>
constexpr int kUnitBytes = kDigits * kUnit;

// Which 16 elements of a step lie at slot 0..3 of a unit.
enum class Order {
  kNatural,  // 4 unit + slot
  kHalves,   // first halves of four blocks of 32, then their second halves
  kColumns,  // 4 slot + unit: low nibbles of four 64-element pairs, then the high ones
  kPlanes    // 2-bit planes of two halves of 128
};

CHAKU_INLINE constexpr int group_of(Order order, int unit, int slot) {
  switch (order) {
    case Order::kHalves: return unit / 2 * 8 + slot * 2 + unit % 2;
    case Order::kColumns: return slot * 4 + unit;
    case Order::kPlanes: return slot / 2 * 8 + unit * 2 + slot % 2;
    default: return unit * 4 + slot;
  }
}

// What a format asks of the digits it is multiplied with.
struct DigitLayout {
  Order order;
  int step;     // 128 or 256
  int results;  // sum 4 slot + r is of that slot of the units of result r, of so many; 0: of parts in order, and with
                // 16 lanes units are as turn_units has them
  int digits;

  bool operator==(const DigitLayout& other) const {
    return order == other.order && step == other.step && results == other.results && digits == other.digits;
  }
  int units() const { return step / kUnit; }
  int64_t steps(int64_t k) const { return ceil_div(k, step); }
  int64_t record_bytes() const { return step * digits + 16 * 4; }
  int64_t bytes(int64_t k, int64_t tokens) const { return steps(k) * (tokens * record_bytes() + 64); }
};

#if defined(__AVX512F__)
CHAKU_INLINE I add(I a, I b) { return _mm512_add_epi32(a, b); }
CHAKU_INLINE I subtract(I a, I b) { return _mm512_sub_epi32(a, b); }
CHAKU_INLINE I bits_and(I a, I b) { return _mm512_and_si512(a, b); }
CHAKU_INLINE I broadcast_int(int v) { return _mm512_set1_epi32(v); }
CHAKU_INLINE I larger(I a, I b) { return _mm512_max_epi32(a, b); }
CHAKU_INLINE I divide_by_base(I a) { return _mm512_srai_epi32(a, kDigitBits); }
CHAKU_INLINE I round_to_int(F a) { return _mm512_cvtps_epi32(a); }
CHAKU_INLINE F to_float(I a) { return _mm512_cvtepi32_ps(a); }
CHAKU_INLINE I bits_of(F a) { return _mm512_castps_si512(a); }
CHAKU_INLINE void store_bytes(const I (&v)[1], void* to) {
  _mm_storeu_si128(static_cast<__m128i*>(to), _mm512_cvtepi32_epi8(v[0]));
}
// The sums of lanes 0..7 and 8..15.
CHAKU_INLINE void sum_eights(const I (&v)[1], int (&sums)[2]) {
  sums[0] = _mm512_mask_reduce_add_epi32(0x00ff, v[0]);
  sums[1] = _mm512_mask_reduce_add_epi32(0xff00, v[0]);
}
CHAKU_INLINE int largest_of(I v) { return _mm512_reduce_max_epi32(v); }
#else
CHAKU_INLINE I add(I a, I b) { return _mm256_add_epi32(a, b); }
CHAKU_INLINE I subtract(I a, I b) { return _mm256_sub_epi32(a, b); }
CHAKU_INLINE I bits_and(I a, I b) { return _mm256_and_si256(a, b); }
CHAKU_INLINE I broadcast_int(int v) { return _mm256_set1_epi32(v); }
CHAKU_INLINE I larger(I a, I b) { return _mm256_max_epi32(a, b); }
CHAKU_INLINE I divide_by_base(I a) { return _mm256_srai_epi32(a, kDigitBits); }
CHAKU_INLINE I round_to_int(F a) { return _mm256_cvtps_epi32(a); }
CHAKU_INLINE F to_float(I a) { return _mm256_cvtepi32_ps(a); }
CHAKU_INLINE I bits_of(F a) { return _mm256_castps_si256(a); }
CHAKU_INLINE void store_bytes(const I (&v)[2], void* to) {
  const I words = _mm256_permute4x64_epi64(_mm256_packs_epi32(v[0], v[1]), 0xd8);
  _mm_storeu_si128(static_cast<__m128i*>(to),
                   _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}
CHAKU_INLINE int sum_of(I v) {
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
  return _mm_cvtsi128_si32(two) + _mm_extract_epi32(two, 1);
}
CHAKU_INLINE void sum_eights(const I (&v)[2], int (&sums)[2]) {
  sums[0] = sum_of(v[0]);
  sums[1] = sum_of(v[1]);
}
CHAKU_INLINE int largest_of(I v) {
  const __m128i four = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  const __m128i two = _mm_max_epi32(four, _mm_unpackhi_epi64(four, four));
  const int a = _mm_cvtsi128_si32(two), b = _mm_extract_epi32(two, 1);
  return a > b ? a : b;
}
#endif

#if defined(__AVX512F__)
// Of units v[0..kUnits) of bytes: words of four bytes change places within each slot of 16, so that those of one unit
// stand at the same places of all: word i of unit u comes to place u of unit i of four, or to place u or u + 2 of one
// of two.
template <int kUnits>
CHAKU_INLINE void turn_units(I* v) {
  if constexpr (kUnits == 2) {
    const I first = _mm512_unpacklo_epi32(v[0], v[1]);
    v[1] = _mm512_unpackhi_epi32(v[0], v[1]);
    v[0] = first;
  } else {
    static_assert(kUnits == 4);
    const I a = _mm512_unpacklo_epi32(v[0], v[1]), b = _mm512_unpackhi_epi32(v[0], v[1]);
    const I c = _mm512_unpacklo_epi32(v[2], v[3]), d = _mm512_unpackhi_epi32(v[2], v[3]);
    v[0] = _mm512_unpacklo_epi64(a, c);
    v[1] = _mm512_unpackhi_epi64(a, c);
    v[2] = _mm512_unpacklo_epi64(b, d);
    v[3] = _mm512_unpackhi_epi64(b, d);
  }
}

template <int kUnits, int kDigits>
CHAKU_INLINE void turn_digits(uint8_t* record) {
  for (int d = 0; d < kDigits; ++d) {
    I v[kUnits];
    for (int u = 0; u < kUnits; ++u) v[u] = _mm512_loadu_si512(record + u * kUnitBytes<kDigits> + d * kUnit);
    turn_units<kUnits>(v);
    for (int u = 0; u < kUnits; ++u) _mm512_storeu_si512(record + u * kUnitBytes<kDigits> + d * kUnit, v[u]);
  }
}
#else
template <int kUnits, int kDigits>
CHAKU_INLINE void turn_digits(uint8_t*) {}
#endif

// Takes the lowest digit, in [-64, 63], off the number.
CHAKU_INLINE I take_digit(I& number) {
  const I half = broadcast_int(64);
  const I digit = subtract(bits_and(add(number, half), broadcast_int(127)), half);
  number = divide_by_base(subtract(number, digit));
  return digit;
}

// The scale of `count` elements. Without finite elements it is not a number, so that the product is none either.
static float digit_scale(const float* x, int64_t count, float most_integer) {
  I most = broadcast_int(0);
  for (int64_t i = 0; i < count; i += kLanes)
    most = larger(most, bits_and(bits_of(load_n(x + i, count - i)), broadcast_int(0x7fffffff)));
  const int bits = largest_of(most);
  float largest;
  __builtin_memcpy(&largest, &bits, 4);
  if (bits >= 0x7f800000) return __builtin_nanf("");
  return largest < kLeastActivation ? 0.0f : largest / most_integer;
}

// `count` elements of x as the digits of one step, zero beyond them. Returns their scale.
template <int kDigits>
static float write_step(const float* x, int64_t count, DigitLayout layout, uint8_t* record) {
  constexpr float kMost = most_integer(kDigits);
  const float scale = digit_scale(x, count, kMost);
  const F inverse = broadcast(scale > 0.0f ? 1.0f / scale : 0.0f);
  alignas(64) int sums[16] = {};
  for (int unit = 0; unit < layout.units(); ++unit)
    for (int slot = 0; slot < 4; ++slot) {
      const int group = group_of(layout.order, unit, slot);
      I number[kPer16], digits[kDigits][kPer16];
      for (int i = 0; i < kPer16; ++i) {
        const int64_t first = group * 16 + i * kLanes;
        number[i] = round_to_int(load_n(x + first, max(count - first, 0)) * inverse);
      }
      int parts[2];
      sum_eights(number, parts);
      if (layout.results > 0) {
        sums[4 * slot + unit * layout.results / layout.units()] += parts[0] + parts[1];
      } else if (layout.step == 256) {
        sums[group] = parts[0] + parts[1];
      } else {
        sums[2 * group] = parts[0];
        sums[2 * group + 1] = parts[1];
      }
      for (int i = 0; i < kPer16; ++i) {
        for (int d = kDigits - 1; d > 0; --d) digits[d][i] = take_digit(number[i]);
        digits[0][i] = number[i];
      }
      uint8_t* to = record + unit * kUnitBytes<kDigits> + slot * 16;
      for (int d = 0; d < kDigits; ++d) store_bytes(digits[d], to + d * kUnit);
    }
  if (layout.results == 0 && layout.units() == 4) turn_digits<4, kDigits>(record);
  if (layout.results == 0 && layout.units() == 2) turn_digits<2, kDigits>(record);
  float* to = reinterpret_cast<float*>(record + layout.units() * kUnitBytes<kDigits>);
  for (int i = 0; i < 16; ++i) to[i] = static_cast<float>(sums[i]) * scale;
  return scale;
}

// x[tokens,k] as digits, at most sixteen tokens; zero beyond the last element of the last step.
template <int kDigits>
static void write_digits(const float* x, int64_t x_stride, int64_t tokens, int64_t k, DigitLayout layout, uint8_t* to) {
  for (int64_t s = 0; s < layout.steps(k); ++s) {
    float* scales = reinterpret_cast<float*>(to + tokens * layout.record_bytes());
    for (int64_t t = 0; t < tokens; ++t, to += layout.record_bytes())
      scales[t] =
          write_step<kDigits>(x + t * x_stride + s * layout.step, min(layout.step, k - s * layout.step), layout, to);
    to += 64;
  }
}

}  // namespace chaku::CHAKU_ISA
