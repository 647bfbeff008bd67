// Codes of the block formats as bytes in vectors of 32, and their dot products with digits: vpmaddubsw sums pairs of
// products in int16, vpmaddwd joins the digits in int32. A part of a step is half of each of its units: blocks
// 2 part and 2 part + 1 of four, or half of the scales of a super-block.
//
// vpmaddubsw saturates, so codes of 8 bits stay signed: |code| times the digit with the sign of the code is at most
// 128 * 127 * 2. Codes of up to 6 bits are unsigned, and two vectors of them are summed before they are widened:
// 31 * 127 * 4 and 63 * 127 * 2 fit as well.
#pragma once

#include "kernels/cpu/generic/code_scales.h"
#include "kernels/cpu/generic/digits.h"

namespace chaku::avx2 {

CHAKU_INLINE I bytes(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
CHAKU_INLINE I low_nibble(I q) { return _mm256_and_si256(q, bytes(15)); }
CHAKU_INLINE I high_nibble(I q) { return _mm256_and_si256(_mm256_srli_epi16(q, 4), bytes(15)); }
CHAKU_INLINE I two_16(const void* first, const void* second) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_bytes16(first)), load_bytes16(second), 1);
}

// Pairs of int16 summed to int32, times 1 or 128.
CHAKU_INLINE I widen(I words, int factor) {
  return _mm256_madd_epi16(words, _mm256_set1_epi16(static_cast<short>(factor)));
}

// Of the sums of the digits, that of the highest times 128 where there are others.
template <int kDigits>
CHAKU_INLINE I join_digits(const I* sums) {
  if constexpr (kDigits == 1)
    return sums[0];
  else if constexpr (kDigits == 2)
    return _mm256_add_epi32(sums[0], sums[1]);
  else
    return _mm256_add_epi32(_mm256_slli_epi32(_mm256_add_epi32(sums[0], sums[1]), kDigitBits), sums[2]);
}

template <class Format, int kDigits, int kUnits>
CHAKU_INLINE I dot_codes(const I* codes, const uint8_t* x) {
  constexpr int kHighest = kDigits > 1 ? 128 : 1;
  I words[kDigits], sums[kDigits];
#pragma GCC unroll 4
  for (int u = 0; u < kUnits; ++u)
#pragma GCC unroll 3
    for (int d = 0; d < kDigits; ++d) {
      const I digit = load_bytes32(x + u * kUnitBytes<kDigits> + d * kUnit);
      if constexpr (Format::kSigned) {
        const I product = _mm256_maddubs_epi16(_mm256_abs_epi8(codes[u]), _mm256_sign_epi8(digit, codes[u]));
        const I wide = widen(product, d == 0 ? kHighest : 1);
        sums[d] = u == 0 ? wide : _mm256_add_epi32(sums[d], wide);
      } else {
        const I product = _mm256_maddubs_epi16(codes[u], digit);
        words[d] = u == 0 ? product : _mm256_add_epi16(words[d], product);
        if (u + 1 == kUnits) sums[d] = widen(words[d], d == 0 ? kHighest : 1);
      }
    }
  return join_digits<kDigits>(sums);
}

// Scale `at` of eight for lanes 0..3, the next for lanes 4..7.
CHAKU_INLINE F two_scales(F scales, int at) {
  return _mm256_permutevar8x32_ps(scales, _mm256_setr_epi32(at, at, at, at, at + 1, at + 1, at + 1, at + 1));
}

// Two halves, each for four lanes.
CHAKU_INLINE F two_halves(const uint8_t* first, const uint8_t* second) {
  uint16_t a, b;
  __builtin_memcpy(&a, first, 2);
  __builtin_memcpy(&b, second, 2);
  const __m128 pair = _mm_cvtph_ps(_mm_cvtsi32_si128(static_cast<int>(a | uint32_t{b} << 16)));
  return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(pair), _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1));
}

struct NoBlockHeader {};

template <int kBytes>
struct BlocksOf32 {
  static constexpr int kStep = 128, kStepBytes = 4 * kBytes, kResults = 1;
  static constexpr Order kOrder = Order::kHalves;
  static constexpr bool kOffset = true, kSigned = false;
  CHAKU_INLINE NoBlockHeader header(const uint8_t*) { return {}; }

  // Nibbles of two blocks at kAt.
  template <int kAt, class Part>
  CHAKU_INLINE void load_nibbles(const uint8_t* p, Part& w) {
    const I q = two_16(p + kAt, p + kBytes + kAt);
    w.codes[0] = low_nibble(q);
    w.codes[1] = high_nibble(q);
  }
  // Adds 16 to the codes of two blocks whose bit is set in the 32 bits at kAt: byte i takes bit i % 8 of its source.
  template <int kAt, class Part>
  CHAKU_INLINE void add_fifth_bits(const uint8_t* p, Part& w) {
    int first, second;
    __builtin_memcpy(&first, p + kAt, 4);
    __builtin_memcpy(&second, p + kBytes + kAt, 4);
    const I bits = _mm256_set_m128i(_mm_set1_epi32(second), _mm_set1_epi32(first));
    const I bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201));
    for (int i = 0; i < 2; ++i) {
      const I source = _mm256_add_epi8(_mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0,
                                                        0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1),
                                       bytes(2 * i));
      const I set = _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(bits, source), bit), bit);
      w.codes[i] = _mm256_or_si256(w.codes[i], _mm256_and_si256(set, bytes(16)));
    }
  }
};

struct CodesQ4_0 : BlocksOf32<18> {
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* step, NoBlockHeader, int part, Part& w) {
    const uint8_t* p = step + part * 36;
    load_nibbles<2>(p, w);
    w.scale[0] = two_halves(p, p + 18);
    w.offset = w.scale[0] * broadcast(-8.0f);
  }
};

struct CodesQ4_1 : BlocksOf32<20> {
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* step, NoBlockHeader, int part, Part& w) {
    const uint8_t* p = step + part * 40;
    load_nibbles<4>(p, w);
    w.scale[0] = two_halves(p, p + 20);
    w.offset = two_halves(p + 2, p + 22);
  }
};

struct CodesQ5_0 : BlocksOf32<22> {
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* step, NoBlockHeader, int part, Part& w) {
    const uint8_t* p = step + part * 44;
    load_nibbles<6>(p, w);
    add_fifth_bits<2>(p, w);
    w.scale[0] = two_halves(p, p + 22);
    w.offset = w.scale[0] * broadcast(-16.0f);
  }
};

struct CodesQ5_1 : BlocksOf32<24> {
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* step, NoBlockHeader, int part, Part& w) {
    const uint8_t* p = step + part * 48;
    load_nibbles<8>(p, w);
    add_fifth_bits<4>(p, w);
    w.scale[0] = two_halves(p, p + 24);
    w.offset = two_halves(p + 2, p + 26);
  }
};

// Lookup of nibbles in the book of IQ4_NL and IQ4_XS.
CHAKU_INLINE I look_up_iq4(I nibbles) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13,
                                                                       25, 38, 53, 69, 89, 113)),
                             nibbles);
}

struct CodesIQ4_NL : BlocksOf32<18> {
  static constexpr bool kOffset = false, kSigned = true;
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* step, NoBlockHeader, int part, Part& w) {
    const uint8_t* p = step + part * 36;
    load_nibbles<2>(p, w);
    for (int i = 0; i < 2; ++i) w.codes[i] = look_up_iq4(w.codes[i]);
    w.scale[0] = two_halves(p, p + 18);
  }
};

// Twice the values of E2M1.
struct CodesMXFP4 : BlocksOf32<17> {
  static constexpr bool kOffset = false, kSigned = true;
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* step, NoBlockHeader, int part, Part& w) {
    const I book = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12));
    load_nibbles<1>(step + part * 34, w);
    for (int i = 0; i < 2; ++i) w.codes[i] = _mm256_shuffle_epi8(book, w.codes[i]);
    w.scale[0] = two_scales(_mm256_castps128_ps256(scales_mxfp4(step)), 2 * part);
  }
};

struct CodesQ8_0 : BlocksOf32<34> {
  static constexpr bool kOffset = false, kSigned = true;
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* step, NoBlockHeader, int part, Part& w) {
    const uint8_t* p = step + part * 68;
    w.codes[0] = two_16(p + 2, p + 36);
    w.codes[1] = two_16(p + 18, p + 52);
    w.scale[0] = two_halves(p, p + 34);
  }
};

// Scales and minima of Q4_K and Q5_K.
struct ScalesK {
  I packed;  // twice
  F d, dmin;

  CHAKU_INLINE ScalesK of(const uint8_t* block) {
    return {_mm256_broadcastsi128_si256(scales_and_minima(block)), broadcast(half_to_float(block)),
            broadcast(half_to_float(block + 2))};
  }
  // Byte `first` of the part's eight for lanes 0..3, byte `second` for lanes 4..7.
  CHAKU_INLINE F pick(const ScalesK& s, int part, int first, int second) {
    const int at = 8 * part;
    const I order = _mm256_setr_epi32(at + first, at + first, at + first, at + first, at + second, at + second,
                                      at + second, at + second);
    const I spread =
        _mm256_shuffle_epi8(s.packed, _mm256_or_si256(order, _mm256_set1_epi32(static_cast<int>(0xffffff00))));
    return _mm256_cvtepi32_ps(spread);
  }
  // Of the part's even or odd quarters.
  CHAKU_INLINE F scale(const ScalesK& s, int part, int odd) { return s.d * pick(s, part, odd, 2 + odd); }
  CHAKU_INLINE F offset(const ScalesK& s, int part) {
    const int at = 8 * part + 4;
    const I order = _mm256_setr_epi32(at, at, at + 1, at + 1, at + 2, at + 2, at + 3, at + 3);
    const I spread =
        _mm256_shuffle_epi8(s.packed, _mm256_or_si256(order, _mm256_set1_epi32(static_cast<int>(0xffffff00))));
    return zero() - s.dmin * _mm256_cvtepi32_ps(spread);
  }
};

struct SuperBlocks {
  static constexpr int kStep = 256;
  static constexpr bool kOffset = true, kSigned = false;
};

// Nibbles of Q4_K and Q5_K at p: codes 0 and 1 are the low ones of the part's two pairs, 2 and 3 the high ones.
template <class Part>
CHAKU_INLINE void load_pairs(const uint8_t* p, int part, Part& w) {
  const uint8_t* pairs = p + 64 * part;
  for (int i = 0; i < 2; ++i) {
    const I q = two_16(pairs + 16 * i, pairs + 32 + 16 * i);
    w.codes[i] = low_nibble(q);
    w.codes[2 + i] = high_nibble(q);
  }
}

struct CodesQ4_K : SuperBlocks {
  static constexpr int kStepBytes = 144, kResults = 2;
  static constexpr Order kOrder = Order::kColumns;
  CHAKU_INLINE ScalesK header(const uint8_t* p) { return ScalesK::of(p); }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, const ScalesK& s, int part, Part& w) {
    load_pairs(p + 16, part, w);
    w.scale[0] = ScalesK::scale(s, part, 0);
    w.scale[1] = ScalesK::scale(s, part, 1);
    w.offset = ScalesK::offset(s, part);
  }
};

struct CodesQ5_K : SuperBlocks {
  static constexpr int kStepBytes = 176, kResults = 2;
  static constexpr Order kOrder = Order::kColumns;
  CHAKU_INLINE ScalesK header(const uint8_t* p) { return ScalesK::of(p); }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, const ScalesK& s, int part, Part& w) {
    load_pairs(p + 48, part, w);
    // bit 2 g of a byte is the fifth of the low nibbles of pair g, bit 2 g + 1 that of the high ones
    const char low = static_cast<char>(1 << 4 * part), high = static_cast<char>(4 << 4 * part);
    const I even = _mm256_set_m128i(_mm_set1_epi8(high), _mm_set1_epi8(low)), odd = _mm256_add_epi8(even, even);
    for (int i = 0; i < 2; ++i) {
      const I bits = _mm256_broadcastsi128_si256(load_bytes16(p + 16 + 16 * i));
      w.codes[i] = _mm256_or_si256(w.codes[i], fifth(bits, even));
      w.codes[2 + i] = _mm256_or_si256(w.codes[2 + i], fifth(bits, odd));
    }
    w.scale[0] = ScalesK::scale(s, part, 0);
    w.scale[1] = ScalesK::scale(s, part, 1);
    w.offset = ScalesK::offset(s, part);
  }
  CHAKU_INLINE I fifth(I bits, I bit) {
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(bits, bit), bit), bytes(16));
  }
};

// Sixteen scales, eight a vector.
struct SixteenFactors {
  F factor[2];

  CHAKU_INLINE SixteenFactors of(__m128i scales, float d) {
    SixteenFactors s;
    expand_s8(scales, s.factor);
    for (F& f : s.factor) f = f * broadcast(d);
    return s;
  }
};

struct CodesQ6_K : SuperBlocks {
  static constexpr int kStepBytes = 210, kResults = 4;
  static constexpr Order kOrder = Order::kNatural;
  CHAKU_INLINE SixteenFactors header(const uint8_t* p) {
    return SixteenFactors::of(load_bytes16(p + 192), half_to_float(p + 208));
  }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, const SixteenFactors& s, int part, Part& w) {
    for (int half = 0; half < 2; ++half) {
      const I q = load_bytes32(p + 64 * half + 32 * part), bits = load_bytes32(p + 128 + 32 * half);
      const I low = part == 0 ? _mm256_slli_epi16(bits, 4) : _mm256_slli_epi16(bits, 2);
      const I high = part == 0 ? bits : _mm256_srli_epi16(bits, 2);
      w.codes[2 * half] = _mm256_or_si256(low_nibble(q), _mm256_and_si256(low, bytes(0x30)));
      w.codes[2 * half + 1] = _mm256_or_si256(high_nibble(q), _mm256_and_si256(high, bytes(0x30)));
    }
    for (int r = 0; r < 4; ++r) w.scale[r] = two_scales(s.factor[r / 2], r % 2 * 4 + 2 * part);
    w.offset = s.factor[part] * broadcast(-32.0f);
  }
};

// The two bits of Q2_K and Q3_K: plane r of the half block that is the part.
template <class Part>
CHAKU_INLINE void load_planes(const uint8_t* p, int part, const SixteenFactors& s, Part& w) {
  const I q = load_bytes32(p + 32 * part);
  for (int r = 0; r < 4; ++r) {
    w.codes[r] = _mm256_and_si256(_mm256_srli_epi16(q, 2 * r), bytes(3));
    w.scale[r] = two_scales(s.factor[part], 2 * r);
  }
}

struct CodesQ2_K : SuperBlocks {
  static constexpr int kStepBytes = 84, kResults = 4;
  static constexpr Order kOrder = Order::kPlanes;
  struct Header {
    SixteenFactors scales, minima;
  };
  CHAKU_INLINE Header header(const uint8_t* p) {
    const __m128i packed = load_bytes16(p), nibble = _mm_set1_epi8(15);
    return {SixteenFactors::of(_mm_and_si128(packed, nibble), half_to_float(p + 80)),
            SixteenFactors::of(_mm_and_si128(_mm_srli_epi16(packed, 4), nibble), -half_to_float(p + 82))};
  }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, const Header& h, int part, Part& w) {
    load_planes(p + 16, part, h.scales, w);
    w.offset = h.minima.factor[part];
  }
};

struct CodesQ3_K : SuperBlocks {
  static constexpr int kStepBytes = 110, kResults = 4;
  static constexpr Order kOrder = Order::kPlanes;
  CHAKU_INLINE SixteenFactors header(const uint8_t* p) {
    return SixteenFactors::of(scales_q3_k(p), half_to_float(p + 108));
  }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, const SixteenFactors& s, int part, Part& w) {
    load_planes(p + 32, part, s, w);
    const I third = load_bytes32(p);  // bit 4 part + r of a byte belongs to plane r
    for (int r = 0; r < 4; ++r) {
      const I bit = bytes(1 << (4 * part + r));
      const I set = _mm256_cmpeq_epi8(_mm256_and_si256(third, bit), bit);
      w.codes[r] = _mm256_or_si256(w.codes[r], _mm256_and_si256(set, bytes(4)));
    }
    w.offset = s.factor[part] * broadcast(-4.0f);
  }
};

struct CodesIQ4_XS : SuperBlocks {
  static constexpr int kStepBytes = 136, kResults = 2;
  static constexpr Order kOrder = Order::kHalves;
  static constexpr bool kOffset = false, kSigned = true;
  CHAKU_INLINE F header(const uint8_t* p) { return scales_iq4_xs(p); }
  template <class Part>
  CHAKU_INLINE void load(const uint8_t* p, F scales, int part, Part& w) {
    for (int i = 0; i < 2; ++i) {
      const uint8_t* blocks = p + 8 + 64 * i + 32 * part;
      const I q = load_bytes32(blocks);
      w.codes[2 * i] = look_up_iq4(low_nibble(q));
      w.codes[2 * i + 1] = look_up_iq4(high_nibble(q));
      w.scale[i] = two_scales(scales, 4 * i + 2 * part);
    }
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

}  // namespace chaku::avx2
