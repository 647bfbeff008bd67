// Codes of the block formats as unsigned bytes in vectors of 64, and their dot products with digits by vpdpbusd.
// Blocks of 32 are taken four at a time: words of the 64 bytes at either end of the step are gathered by permutations,
// so that lane b of 16 bytes holds half of block b.
#pragma once

#include "kernels/cpu/generic/code_scales.h"
#include "kernels/cpu/generic/digits.h"

namespace chaku::CHAKU_ISA {

// 64 bytes of a weight, loaded once: to the compiler a load is free as an operand, so that it would repeat it for every
// use; but these cross lines and pages, and each time it costs.
CHAKU_INLINE I load_64(const void* p) {
  I v = _mm512_loadu_si512(p);
  __asm__("" : "+v"(v));
  return v;
}
CHAKU_INLINE I bytes(int v) { return _mm512_set1_epi8(static_cast<char>(v)); }
CHAKU_INLINE I low_nibble(I q) { return _mm512_and_si512(q, bytes(15)); }
CHAKU_INLINE I high_nibble(I q) { return _mm512_and_si512(_mm512_srli_epi16(q, 4), bytes(15)); }
CHAKU_INLINE I repeat_16(__m128i v) { return _mm512_broadcast_i32x4(v); }

// The sums of products with one of the digits of x, added to `sum`.
template <int kUnits, int kDigits>
CHAKU_INLINE I add_digit(I sum, const I* codes, const uint8_t* x, int digit) {
#pragma GCC unroll 4
  for (int u = 0; u < kUnits; ++u)
    sum = _mm512_dpbusd_epi32(sum, codes[u], _mm512_loadu_si512(x + u * kUnitBytes<kDigits> + digit * kUnit));
  return sum;
}

// Indices into the 64 words of the first and the last 64 bytes of a step.
struct WordTable {
  alignas(64) uint16_t word[32];
};

template <int kStepBytes>
constexpr uint16_t word_index(int byte) {
  return static_cast<uint16_t>(byte < 64 ? byte / 2 : 32 + (byte - (kStepBytes - 64)) / 2);
}

// Bytes [kAt, kAt + 16) of each of four blocks.
template <int kBlockBytes, int kAt>
constexpr WordTable sixteens() {
  WordTable t = {};
  for (int i = 0; i < 32; ++i) t.word[i] = word_index<4 * kBlockBytes>(i / 8 * kBlockBytes + kAt + i % 8 * 2);
  return t;
}

// The word at kAt of each of four blocks, four times each, in the lower half.
template <int kBlockBytes, int kAt>
constexpr WordTable words() {
  WordTable t = {};
  for (int i = 0; i < 16; ++i) t.word[i] = word_index<4 * kBlockBytes>(i / 4 * kBlockBytes + kAt);
  return t;
}

// The four bytes at kAt of each of four blocks: their first word four times, then their second.
template <int kBlockBytes, int kAt>
constexpr WordTable fifth_bits() {
  WordTable t = {};
  for (int i = 0; i < 32; ++i) t.word[i] = word_index<4 * kBlockBytes>(i / 8 * kBlockBytes + kAt + i % 8 / 4 * 2);
  return t;
}

// Four blocks of 32 elements.
template <int kBlockBytes>
struct FourBlocks {
  I first, last;

  CHAKU_INLINE FourBlocks of(const uint8_t* p) { return {load_64(p), load_64(p + 4 * kBlockBytes - 64)}; }
  template <int kAt>
  CHAKU_INLINE I sixteen(const FourBlocks& b) {
    static constexpr WordTable table = sixteens<kBlockBytes, kAt>();
    return _mm512_permutex2var_epi16(b.first, _mm512_load_si512(&table), b.last);
  }
  // The half at kAt of each block, for its four lanes.
  template <int kAt>
  CHAKU_INLINE F half(const FourBlocks& b) {
    static constexpr WordTable table = words<kBlockBytes, kAt>();
    const I w = _mm512_permutex2var_epi16(b.first, _mm512_load_si512(&table), b.last);
    return _mm512_cvtph_ps(_mm512_castsi512_si256(w));
  }
  // Adds 16 to the codes whose bit is set in the 32 bits at kAt of their block.
  template <int kAt>
  CHAKU_INLINE void add_fifth_bits(const FourBlocks& b, I& low, I& high) {
    static constexpr WordTable table = fifth_bits<kBlockBytes, kAt>();
    const I both = _mm512_permutex2var_epi16(b.first, _mm512_load_si512(&table), b.last);
    const I bit = _mm512_set1_epi64(static_cast<long long>(0x8040201008040201));
    const I spread =
        _mm512_shuffle_epi8(both, repeat_16(_mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)));
    const I later = _mm512_shuffle_epi8(both, repeat_16(_mm_setr_epi8(8, 8, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 9)));
    low = _mm512_mask_add_epi8(low, _mm512_test_epi8_mask(spread, bit), low, bytes(16));
    high = _mm512_mask_add_epi8(high, _mm512_test_epi8_mask(later, bit), high, bytes(16));
  }
};

template <int kBytes>
struct BlocksOf32 {
  static constexpr int kStep = 128, kStepBytes = 4 * kBytes, kResults = 1;
  static constexpr Order kOrder = Order::kHalves;
  static constexpr bool kWide = false;
  using Blocks = FourBlocks<kBytes>;
  CHAKU_INLINE Blocks header(const uint8_t* p) { return Blocks::of(p); }
};

struct CodesQ4_0 : BlocksOf32<18> {
  template <class Part>
  CHAKU_INLINE void load(const uint8_t*, const Blocks& b, int, Part& w) {
    const I q = Blocks::sixteen<2>(b);
    w.codes[0] = low_nibble(q);
    w.codes[1] = high_nibble(q);
    w.scale[0] = Blocks::half<0>(b);
    w.offset = w.scale[0] * broadcast(-8.0f);
  }
};

struct CodesQ4_1 : BlocksOf32<20> {
  template <class Part>
  CHAKU_INLINE void load(const uint8_t*, const Blocks& b, int, Part& w) {
    const I q = Blocks::sixteen<4>(b);
    w.codes[0] = low_nibble(q);
    w.codes[1] = high_nibble(q);
    w.scale[0] = Blocks::half<0>(b);
    w.offset = Blocks::half<2>(b);
  }
};

struct CodesQ5_0 : BlocksOf32<22> {
  template <class Part>
  CHAKU_INLINE void load(const uint8_t*, const Blocks& b, int, Part& w) {
    const I q = Blocks::sixteen<6>(b);
    w.codes[0] = low_nibble(q);
    w.codes[1] = high_nibble(q);
    Blocks::add_fifth_bits<2>(b, w.codes[0], w.codes[1]);
    w.scale[0] = Blocks::half<0>(b);
    w.offset = w.scale[0] * broadcast(-16.0f);
  }
};

struct CodesQ5_1 : BlocksOf32<24> {
  template <class Part>
  CHAKU_INLINE void load(const uint8_t*, const Blocks& b, int, Part& w) {
    const I q = Blocks::sixteen<8>(b);
    w.codes[0] = low_nibble(q);
    w.codes[1] = high_nibble(q);
    Blocks::add_fifth_bits<4>(b, w.codes[0], w.codes[1]);
    w.scale[0] = Blocks::half<0>(b);
    w.offset = Blocks::half<2>(b);
  }
};

// Lookup of nibbles in the book of IQ4_NL and IQ4_XS, its entries plus 128.
CHAKU_INLINE I look_up_iq4(I nibbles) {
  const I book = repeat_16(_mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, -127, -115, -103, -90, -75, -59, -39, -15));
  return _mm512_shuffle_epi8(book, nibbles);
}

struct CodesIQ4_NL : BlocksOf32<18> {
  static constexpr bool kWide = true;
  template <class Part>
  CHAKU_INLINE void load(const uint8_t*, const Blocks& b, int, Part& w) {
    const I q = Blocks::sixteen<2>(b);
    w.codes[0] = look_up_iq4(low_nibble(q));
    w.codes[1] = look_up_iq4(high_nibble(q));
    w.scale[0] = Blocks::half<0>(b);
    w.offset = w.scale[0] * broadcast(-128.0f);
  }
};

// Twice the values of E2M1, plus 12. Blocks start at odd bytes, so that words cannot be gathered.
struct CodesMXFP4 {
  static constexpr int kStep = 128, kStepBytes = 4 * 17, kResults = 1;
  static constexpr Order kOrder = Order::kHalves;
  static constexpr bool kWide = false;
  struct Header {};
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, Header, int, Part& w) {
    const I book = repeat_16(_mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0));
    I q = _mm512_castsi128_si512(load_bytes16(p + 1));
    q = _mm512_inserti32x4(q, load_bytes16(p + 18), 1);
    q = _mm512_inserti32x4(q, load_bytes16(p + 35), 2);
    q = _mm512_inserti32x4(q, load_bytes16(p + 52), 3);
    w.codes[0] = _mm512_shuffle_epi8(book, low_nibble(q));
    w.codes[1] = _mm512_shuffle_epi8(book, high_nibble(q));
    const I order = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    w.scale[0] = _mm512_permutexvar_ps(order, _mm512_castps128_ps512(scales_mxfp4(p)));
    w.offset = w.scale[0] * broadcast(-12.0f);
  }
};

// Codes plus 128, two blocks a vector.
struct CodesQ8_0 {
  static constexpr int kStep = 128, kStepBytes = 4 * 34, kResults = 2;
  static constexpr Order kOrder = Order::kNatural;
  static constexpr bool kWide = true;
  struct Header {};
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }

  CHAKU_INLINE I two_blocks(const uint8_t* p) {
    const I q = _mm512_inserti64x4(_mm512_castsi256_si512(load_bytes32(p + 2)), load_bytes32(p + 36), 1);
    return _mm512_xor_si512(q, bytes(0x80));
  }

  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, Header, int, Part& w) {
    w.codes[0] = two_blocks(p);
    w.codes[1] = two_blocks(p + 68);
    // the scales at words 0 and 17 of the first 64 bytes, 2 and 19 of the next
    const __m256i order = _mm256_setr_epi16(0, 0, 0, 0, 17, 17, 17, 17, 34, 34, 34, 34, 51, 51, 51, 51);
    const I halves = _mm512_permutex2var_epi16(load_64(p), _mm512_castsi256_si512(order), load_64(p + 64));
    const F d = _mm512_cvtph_ps(_mm512_castsi512_si256(halves));
    w.scale[0] = _mm512_shuffle_f32x4(d, d, 0x50);
    w.scale[1] = _mm512_shuffle_f32x4(d, d, 0xfa);
    w.offset = d * broadcast(-128.0f);
  }
};

// Scales and minima of Q4_K and Q5_K.
struct ScalesK {
  __m128i packed;
  F d, dmin;

  CHAKU_INLINE ScalesK of(const uint8_t* block) {
    return {scales_and_minima(block), broadcast(half_to_float(block)), broadcast(half_to_float(block + 2))};
  }
  CHAKU_INLINE F pick(const ScalesK& s, __m128i order) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_shuffle_epi8(s.packed, order)));
  }
  // Of parts 0, 2, 4, 6; of 1, 3, 5, 7, four lanes each.
  CHAKU_INLINE F even(const ScalesK& s) {
    return s.d * pick(s, _mm_setr_epi8(0, 0, 0, 0, 2, 2, 2, 2, 8, 8, 8, 8, 10, 10, 10, 10));
  }
  CHAKU_INLINE F odd(const ScalesK& s) {
    return s.d * pick(s, _mm_setr_epi8(1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 11, 11, 11, 11));
  }
  // Two lanes to a part, in order.
  CHAKU_INLINE F offset(const ScalesK& s) {
    return zero() - s.dmin * pick(s, _mm_setr_epi8(4, 4, 5, 5, 6, 6, 7, 7, 12, 12, 13, 13, 14, 14, 15, 15));
  }
};

struct SuperBlocks {
  static constexpr int kStep = 256;
  static constexpr bool kWide = false;
};

// Nibbles of Q4_K and Q5_K at p: codes 0 and 1 are the low ones, 2 and 3 the high ones of four pairs of parts.
template <class Part>
CHAKU_INLINE void load_pairs(const uint8_t* p, Part& w) {
  const I a = load_64(p), b = load_64(p + 64);
  const I first = _mm512_shuffle_i64x2(a, b, 0x88), second = _mm512_shuffle_i64x2(a, b, 0xdd);
  w.codes[0] = low_nibble(first);
  w.codes[1] = low_nibble(second);
  w.codes[2] = high_nibble(first);
  w.codes[3] = high_nibble(second);
}

struct CodesQ4_K : SuperBlocks {
  static constexpr int kStepBytes = 144, kResults = 2;
  static constexpr Order kOrder = Order::kColumns;
  CHAKU_INLINE ScalesK header(const uint8_t* p) { return ScalesK::of(p); }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, const ScalesK& s, int, Part& w) {
    load_pairs(p + 16, w);
    w.scale[0] = ScalesK::even(s);
    w.scale[1] = ScalesK::odd(s);
    w.offset = ScalesK::offset(s);
  }
};

struct CodesQ5_K : SuperBlocks {
  static constexpr int kStepBytes = 176, kResults = 2;
  static constexpr Order kOrder = Order::kColumns;
  CHAKU_INLINE ScalesK header(const uint8_t* p) { return ScalesK::of(p); }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, const ScalesK& s, int, Part& w) {
    load_pairs(p + 48, w);
    // bit 2 g of a byte is the fifth of the low nibbles of pair g, bit 2 g + 1 that of the high ones
    const I even = _mm512_setr_epi32(0x01010101, 0x01010101, 0x01010101, 0x01010101, 0x04040404, 0x04040404, 0x04040404,
                                     0x04040404, 0x10101010, 0x10101010, 0x10101010, 0x10101010, 0x40404040, 0x40404040,
                                     0x40404040, 0x40404040);
    const I odd = _mm512_add_epi8(even, even);
    for (int i = 0; i < 2; ++i) {
      const I bits = repeat_16(load_bytes16(p + 16 + 16 * i));
      w.codes[i] = _mm512_mask_add_epi8(w.codes[i], _mm512_test_epi8_mask(bits, even), w.codes[i], bytes(16));
      w.codes[2 + i] =
          _mm512_mask_add_epi8(w.codes[2 + i], _mm512_test_epi8_mask(bits, odd), w.codes[2 + i], bytes(16));
    }
    w.scale[0] = ScalesK::even(s);
    w.scale[1] = ScalesK::odd(s);
    w.offset = ScalesK::offset(s);
  }
};

// Scales of the sixteen groups of a block spread over the lanes of four results: `first` says of which groups the first
// result is, and each result is of groups `step` further.
template <class Part>
CHAKU_INLINE void spread_scales(F scales, I first, int step, Part& w) {
  for (int r = 0; r < 4; ++r)
    w.scale[r] = _mm512_permutexvar_ps(_mm512_add_epi32(first, _mm512_set1_epi32(step * r)), scales);
}

struct CodesQ6_K : SuperBlocks {
  static constexpr int kStepBytes = 210, kResults = 4;
  static constexpr Order kOrder = Order::kNatural;
  struct Header {};
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, Header, int, Part& w) {
    const I top = bytes(0x30);
    for (int half = 0; half < 2; ++half) {
      const I q = load_64(p + 64 * half), bits = _mm512_broadcast_i64x4(load_bytes32(p + 128 + 32 * half));
      const I low_shift = _mm512_setr_epi64(4, 4, 4, 4, 2, 2, 2, 2),
              high_shift = _mm512_setr_epi64(0, 0, 0, 0, 2, 2, 2, 2);
      const I low = _mm512_and_si512(_mm512_sllv_epi64(bits, low_shift), top);
      const I high = _mm512_and_si512(_mm512_srlv_epi64(bits, high_shift), top);
      w.codes[2 * half] = _mm512_or_si512(low_nibble(q), low);
      w.codes[2 * half + 1] = _mm512_or_si512(high_nibble(q), high);
    }
    const F scales =
        _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(load_bytes16(p + 192))) * broadcast(half_to_float(p + 208));
    spread_scales(scales, _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3), 4, w);
    w.offset = scales * broadcast(-32.0f);
  }
};

// The two bits of Q2_K and Q3_K: plane r of both halves of a block.
template <class Part>
CHAKU_INLINE void load_planes(const uint8_t* p, Part& w) {
  const I q = load_64(p);
  for (int r = 0; r < 4; ++r)
    w.codes[r] = _mm512_and_si512(_mm512_srli_epi16(q, static_cast<unsigned>(2 * r)), bytes(3));
}

template <class Part>
CHAKU_INLINE void spread_planes(F scales, Part& w) {
  spread_scales(scales, _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 8, 8, 8, 8, 9, 9, 9, 9), 2, w);
}

struct CodesQ2_K : SuperBlocks {
  static constexpr int kStepBytes = 84, kResults = 4;
  static constexpr Order kOrder = Order::kPlanes;
  struct Header {};
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, Header, int, Part& w) {
    load_planes(p + 16, w);
    const I packed = _mm512_cvtepu8_epi32(load_bytes16(p));
    const F scales = _mm512_cvtepi32_ps(_mm512_and_si512(packed, _mm512_set1_epi32(15)));
    spread_planes(scales * broadcast(half_to_float(p + 80)), w);
    w.offset = _mm512_cvtepi32_ps(_mm512_srli_epi32(packed, 4)) * broadcast(-half_to_float(p + 82));
  }
};

struct CodesQ3_K : SuperBlocks {
  static constexpr int kStepBytes = 110, kResults = 4;
  static constexpr Order kOrder = Order::kPlanes;
  struct Header {};
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, Header, int, Part& w) {
    load_planes(p + 32, w);
    // bit r of a byte is the third of plane r of the first half, bit 4 + r that of the second
    const I third = _mm512_broadcast_i64x4(load_bytes32(p));
    const I bit = _mm512_inserti64x4(bytes(1), _mm256_set1_epi8(16), 1);
    for (int r = 0; r < 4; ++r) {
      const __mmask64 set = _mm512_test_epi8_mask(third, _mm512_slli_epi16(bit, static_cast<unsigned>(r)));
      w.codes[r] = _mm512_mask_add_epi8(w.codes[r], set, w.codes[r], bytes(4));
    }
    const F scales = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(scales_q3_k(p))) * broadcast(half_to_float(p + 108));
    spread_planes(scales, w);
    w.offset = scales * broadcast(-4.0f);
  }
};

struct CodesIQ4_XS : SuperBlocks {
  static constexpr int kStepBytes = 136, kResults = 2;
  static constexpr Order kOrder = Order::kHalves;
  static constexpr bool kWide = true;
  struct Header {};
  CHAKU_INLINE Header header(const uint8_t*) { return {}; }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, Header, int, Part& w) {
    const F scales = _mm512_castps256_ps512(scales_iq4_xs(p));
    const I first = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    for (int i = 0; i < 2; ++i) {
      const I q = load_64(p + 8 + 64 * i);
      w.codes[2 * i] = look_up_iq4(low_nibble(q));
      w.codes[2 * i + 1] = look_up_iq4(high_nibble(q));
      const I order = _mm512_add_epi32(first, _mm512_set1_epi32(4 * i));
      w.scale[i] = _mm512_permutexvar_ps(order, scales);
    }
    const I pairs = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    w.offset = _mm512_permutexvar_ps(pairs, scales) * broadcast(-128.0f);
  }
};

#define CHAKU_INTEGER_FORMATS(X) \
  X(kQ4_0, CodesQ4_0)            \
  X(kQ4_1, CodesQ4_1)            \
  X(kQ5_0, CodesQ5_0)            \
  X(kQ5_1, CodesQ5_1)            \
  X(kQ8_0, CodesQ8_0)            \
  X(kIQ4_NL, CodesIQ4_NL)        \
  X(kMXFP4, CodesMXFP4)          \
  X(kQ2_K, CodesQ2_K)            \
  X(kQ3_K, CodesQ3_K)            \
  X(kIQ4_XS, CodesIQ4_XS)        \
  X(kQ4_K, CodesQ4_K)            \
  X(kQ5_K, CodesQ5_K)            \
  X(kQ6_K, CodesQ6_K)

}  // namespace chaku::CHAKU_ISA
