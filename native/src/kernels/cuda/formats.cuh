// Weights as they lie in a file, decoded eight elements at a time.
//
// Of every block format of quant/blocks.h eight neighbours share a scale, and are y = scale * code + offset with a code
// of a signed byte: integers, levels of a table, codebook vectors with their signs. Group holds that; float kernels
// multiply it out, integer ones take the codes to dp4a. Loads are as wide as the alignment of a block allows, which is
// the largest power of two in its length: rows are whole blocks, and a matrix begins at a multiple of that.
#pragma once

#include "kernels/cuda/codebooks.cuh"
#include "kernels/cuda/device.cuh"
#include "quant/blocks.h"
#include "quant/dtype.h"

namespace chaku::cuda {

constexpr int kGroup = 8;

// Codes of elements 0..3 and 4..7, the first in the lowest byte.
struct Group {
  uint32_t codes[2];
  float scale, offset;
};

// ---- words of blocks ------------------------------------------------------------------------------------------------

template <int kAlignment>
CHAKU_DEVICE uint32_t word_at(const uint8_t* p) {
  if constexpr (kAlignment >= 4) {
    return *reinterpret_cast<const uint32_t*>(p);
  } else if constexpr (kAlignment == 2) {
    const uint16_t* halves = reinterpret_cast<const uint16_t*>(p);
    return halves[0] | static_cast<uint32_t>(halves[1]) << 16;
  } else {
    return p[0] | static_cast<uint32_t>(p[1]) << 8 | static_cast<uint32_t>(p[2]) << 16 |
           static_cast<uint32_t>(p[3]) << 24;
  }
}

CHAKU_DEVICE uint32_t half_word_at(const uint8_t* p) { return *reinterpret_cast<const uint16_t*>(p); }
CHAKU_DEVICE float half_at(const uint8_t* p) { return half_to_float(*reinterpret_cast<const uint16_t*>(p)); }

// Byte-wise a - b, for a >= b or signed results within a byte.
CHAKU_DEVICE uint32_t subtract_bytes(uint32_t a, uint32_t b) {
  // The top bit is set on one side and mended on the other, so that no byte borrows from its neighbour.
  return ((a | 0x80808080u) - (b & 0x7f7f7f7fu)) ^ ((a ^ ~b) & 0x80808080u);
}

// The low four bits of bits, one in the lowest bit of each byte.
CHAKU_DEVICE uint32_t spread_bits(uint32_t bits) {
  return (bits & 1) | (bits & 2) << 7 | (bits & 4) << 14 | (bits & 8) << 21;
}

// Each byte negated whose bit of `signs` (0..3) is set.
CHAKU_DEVICE uint32_t negate_bytes(uint32_t codes, uint32_t signs) {
  const uint32_t ones = spread_bits(signs), mask = ones * 0xff;
  return subtract_bytes(codes ^ mask, mask);  // ~c - (-1) = -c
}

// Four entries of a table of signed bytes by the low nibbles of the bytes of `nibbles`.
CHAKU_DEVICE uint32_t look_up(const int8_t* table, uint32_t nibbles) {
  uint32_t out = 0;
  CHAKU_UNROLL
  for (int j = 0; j < 4; ++j)
    out |= static_cast<uint32_t>(static_cast<uint8_t>(table[nibbles >> (8 * j) & 15])) << (8 * j);
  return out;
}

// Code j of eight as a float, exactly.
CHAKU_DEVICE float code_at(const Group& g, int j) {
  const uint32_t biased = (g.codes[j / 4] ^ 0x80808080u) >> (8 * (j % 4)) & 0xff;
  return __uint_as_float(0x4b000000u | biased) - 8388736.0f;  // 2^23 + 128
}

CHAKU_DEVICE void decode(const Group& g, float (&out)[kGroup]) {
  CHAKU_UNROLL
  for (int j = 0; j < kGroup; ++j) out[j] = fmaf(g.scale, code_at(g, j), g.offset);
}

// The codec's bits: product and sum rounded each, and zeros without an offset keep their sign.
CHAKU_DEVICE void decode_exactly(const Group& g, float (&out)[kGroup]) {
  CHAKU_UNROLL
  for (int j = 0; j < kGroup; ++j) {
    const float product = g.scale * code_at(g, j);
    out[j] = g.offset == 0.0f ? product : product + g.offset;
  }
}

// ---- formats: load(block, i) is the group of elements 8i .. 8i+7 ----------------------------------------------------

template <DType kType>
struct Format;

template <class Block>
struct BlockOf {
  static constexpr int kElements = Block::kElements, kBytes = static_cast<int>(sizeof(Block));
  static constexpr int kLowest = kBytes & -kBytes, kAlignment = kLowest > 16 ? 16 : kLowest;

  CHAKU_DEVICE static uint32_t word(const uint8_t* p) { return word_at<kAlignment>(p); }

  // Nibbles of 32 elements in 16 bytes: elements 8i..8i+7 of them.
  CHAKU_DEVICE static void nibbles_of_32(const uint8_t* qs, int i, uint32_t (&out)[2]) {
    const int shift = i / 2 * 4;
    out[0] = word(qs + i % 2 * 8) >> shift & 0x0f0f0f0fu;
    out[1] = word(qs + i % 2 * 8 + 4) >> shift & 0x0f0f0f0fu;
  }
  // Bits 2s..2s+1 of eight bytes.
  CHAKU_DEVICE static void pairs(const uint8_t* qs, int s, uint32_t (&out)[2]) {
    out[0] = word(qs) >> (2 * s) & 0x03030303u;
    out[1] = word(qs + 4) >> (2 * s) & 0x03030303u;
  }
  CHAKU_DEVICE static void subtract(uint32_t (&codes)[2], uint32_t zero) {
    codes[0] = subtract_bytes(codes[0], zero * 0x01010101u);
    codes[1] = subtract_bytes(codes[1], zero * 0x01010101u);
  }
  CHAKU_DEVICE static void look_up_both(const int8_t* table, uint32_t (&codes)[2]) {
    codes[0] = look_up(table, codes[0]);
    codes[1] = look_up(table, codes[1]);
  }
};

template <>
struct Format<DType::kQ4_0> : BlockOf<BlockQ4_0> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    Group g{{}, half_at(b), 0.0f};
    nibbles_of_32(b + 2, i, g.codes);
    subtract(g.codes, 8);
    return g;
  }
};

template <>
struct Format<DType::kQ4_1> : BlockOf<BlockQ4_1> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    Group g{{}, half_at(b), half_at(b + 2)};
    nibbles_of_32(b + 4, i, g.codes);
    return g;
  }
};

template <class Block>
struct FiveBits : BlockOf<Block> {
  CHAKU_DEVICE static void load_codes(const uint8_t* qh, const uint8_t* qs, int i, uint32_t (&codes)[2]) {
    BlockOf<Block>::nibbles_of_32(qs, i, codes);
    const uint32_t high = qh[i];
    codes[0] |= spread_bits(high) << 4;
    codes[1] |= spread_bits(high >> 4) << 4;
  }
};

template <>
struct Format<DType::kQ5_0> : FiveBits<BlockQ5_0> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    Group g{{}, half_at(b), 0.0f};
    load_codes(b + 2, b + 6, i, g.codes);
    subtract(g.codes, 16);
    return g;
  }
};

template <>
struct Format<DType::kQ5_1> : FiveBits<BlockQ5_1> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    Group g{{}, half_at(b), half_at(b + 2)};
    load_codes(b + 4, b + 8, i, g.codes);
    return g;
  }
};

template <>
struct Format<DType::kQ8_0> : BlockOf<BlockQ8_0> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    return {{word(b + 2 + 8 * i), word(b + 6 + 8 * i)}, half_at(b), 0.0f};
  }
};

template <>
struct Format<DType::kIQ4_NL> : BlockOf<BlockIQ4_NL> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    Group g{{}, half_at(b), 0.0f};
    nibbles_of_32(b + 2, i, g.codes);
    look_up_both(kIQ4Levels, g.codes);
    return g;
  }
};

template <>
struct Format<DType::kMXFP4> : BlockOf<BlockMXFP4> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const uint32_t e = b[0];  // 2^(e - 128): the table is doubled
    Group g{{}, __uint_as_float(e < 2 ? 0x00200000u << e : (e - 1) << 23), 0.0f};
    nibbles_of_32(b + 1, i, g.codes);
    look_up_both(kTwiceE2M1Levels, g.codes);
    return g;
  }
};

template <>
struct Format<DType::kNVFP4> : BlockOf<BlockNVFP4> {
  // Half the UE4M3 value; the code for "not a number" is zero.
  CHAKU_DEVICE static float half_ue4m3(uint32_t code) {
    const uint32_t exponent = code >> 3 & 15, mantissa = code & 7;
    if (code == 0x7f) return 0.0f;
    if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
    return static_cast<float>(8 + mantissa) * __uint_as_float((exponent - 11 + 127) << 23);
  }
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const uint8_t* qs = b + 4 + i / 2 * 8;
    const int shift = i % 2 * 4;
    Group g{{word(qs) >> shift & 0x0f0f0f0fu, word(qs + 4) >> shift & 0x0f0f0f0fu}, half_ue4m3(b[i / 2]), 0.0f};
    look_up_both(kTwiceE2M1Levels, g.codes);
    return g;
  }
};

template <>
struct Format<DType::kQ2_K> : BlockOf<BlockQ2_K> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const int packed = b[i / 2];
    Group g{
        {}, half_at(b + 80) * static_cast<float>(packed & 15), -(half_at(b + 82) * static_cast<float>(packed >> 4))};
    pairs(b + 16 + i / 16 * 32 + i % 4 * 8, i / 4 % 4, g.codes);
    return g;
  }
};

template <>
struct Format<DType::kQ3_K> : BlockOf<BlockQ3_K> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const int s = i / 2;
    const int low = b[96 + s % 8] >> (s / 8 * 4) & 15, high = b[104 + s % 4] >> (s / 4 * 2) & 3;
    Group g{{}, half_at(b + 108) * static_cast<float>((low | high << 4) - 32), 0.0f};
    pairs(b + 32 + i / 16 * 32 + i % 4 * 8, i / 4 % 4, g.codes);
    const uint8_t* mask = b + i % 4 * 8;
    g.codes[0] |= (word(mask) >> (i / 4) & 0x01010101u) << 2;
    g.codes[1] |= (word(mask + 4) >> (i / 4) & 0x01010101u) << 2;
    subtract(g.codes, 4);
    return g;
  }
};

// Q4_K and Q5_K: d, dmin, twelve bytes of scales.
template <class Block>
struct ScalesAndMinima : BlockOf<Block> {
  CHAKU_DEVICE static Group head(const uint8_t* b, int s) {
    const ScaleMin packed = unpack_scale_min(b + 4, s);
    return {{}, half_at(b) * static_cast<float>(packed.scale), -(half_at(b + 2) * static_cast<float>(packed.min))};
  }
  // Nibbles of elements 8i..8i+7 in pairs of 32.
  CHAKU_DEVICE static void nibbles(const uint8_t* qs, int i, uint32_t (&out)[2]) {
    const uint8_t* at = qs + i / 8 * 32 + i % 4 * 8;
    const int shift = i / 4 % 2 * 4;
    out[0] = BlockOf<Block>::word(at) >> shift & 0x0f0f0f0fu;
    out[1] = BlockOf<Block>::word(at + 4) >> shift & 0x0f0f0f0fu;
  }
};

template <>
struct Format<DType::kQ4_K> : ScalesAndMinima<BlockQ4_K> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    Group g = head(b, i / 4);
    nibbles(b + 16, i, g.codes);
    return g;
  }
};

template <>
struct Format<DType::kQ5_K> : ScalesAndMinima<BlockQ5_K> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    Group g = head(b, i / 4);
    nibbles(b + 48, i, g.codes);
    const uint8_t* high = b + 16 + i % 4 * 8;
    g.codes[0] |= (word(high) >> (i / 4) & 0x01010101u) << 4;
    g.codes[1] |= (word(high + 4) >> (i / 4) & 0x01010101u) << 4;
    return g;
  }
};

template <>
struct Format<DType::kQ6_K> : BlockOf<BlockQ6_K> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const int scale = static_cast<int8_t>(b[192 + i / 2]), quarter = i / 4 % 4;
    Group g{{}, half_at(b + 208) * static_cast<float>(scale), 0.0f};
    const uint8_t* low = b + i / 16 * 64 + quarter % 2 * 32 + i % 4 * 8;
    const uint8_t* high = b + 128 + i / 16 * 32 + i % 4 * 8;
    const int shift = quarter / 2 * 4;
    CHAKU_UNROLL
    for (int half = 0; half < 2; ++half)
      g.codes[half] =
          (word(low + 4 * half) >> shift & 0x0f0f0f0fu) | (word(high + 4 * half) >> (2 * quarter) & 0x03030303u) << 4;
    subtract(g.codes, 32);
    return g;
  }
};

template <>
struct Format<DType::kIQ4_XS> : BlockOf<BlockIQ4_XS> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const int s = i / 4;
    const int low = b[4 + s / 2] >> (s % 2 * 4) & 15, high = static_cast<int>(half_word_at(b + 2) >> (2 * s) & 3);
    Group g{{}, half_at(b) * static_cast<float>((low | high << 4) - 32), 0.0f};
    nibbles_of_32(b + 8 + 16 * s, i % 4, g.codes);
    look_up_both(kIQ4Levels, g.codes);
    return g;
  }
};

// ---- codebooks ------------------------------------------------------------------------------------------------------

// Seven stored signs of eight: the number of minus signs is even.
CHAKU_DEVICE uint32_t complete_signs(uint32_t seven) { return seven | static_cast<uint32_t>(__popc(seven) & 1) << 7; }

CHAKU_DEVICE void sign_both(uint32_t (&codes)[2], uint32_t signs) {
  codes[0] = negate_bytes(codes[0], signs & 15);
  codes[1] = negate_bytes(codes[1], signs >> 4 & 15);
}

// Eight digits of two bits as 8, 25 or 43.
CHAKU_DEVICE void spread_iq2(uint32_t grid, uint32_t (&codes)[2]) {
  CHAKU_UNROLL
  for (int half = 0; half < 2; ++half) {
    codes[half] = 0;
    CHAKU_UNROLL
    for (int j = 0; j < 4; ++j) codes[half] |= (0x2b1908u >> (8 * (grid >> (8 * half + 2 * j) & 3)) & 0xff) << (8 * j);
  }
}

// Eight digits of two bits less one, times eight, and the offset of +-1 that stands for an eighth.
CHAKU_DEVICE Group iq1_group(float scale, uint32_t grid, bool minus) {
  Group g{{}, scale * 0.125f, 0.0f};
  CHAKU_UNROLL
  for (int half = 0; half < 2; ++half) {
    CHAKU_UNROLL
    for (int j = 0; j < 4; ++j) {
      const int code = 8 * (static_cast<int>(grid >> (8 * half + 2 * j) & 3) - 1) + (minus ? -1 : 1);
      g.codes[half] |= static_cast<uint32_t>(code & 0xff) << (8 * j);
    }
  }
  return g;
}

template <>
struct Format<DType::kIQ2_XXS> : BlockOf<BlockIQ2_XXS> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const uint8_t* sub = b + 2 + i / 4 * 8;
    const uint32_t signs_and_scale = word(sub + 4);
    Group g{{}, half_at(b) * (0.5f + static_cast<float>(signs_and_scale >> 28)) * 0.25f, 0.0f};
    spread_iq2(kIQ2XXS.words[sub[i % 4]], g.codes);
    sign_both(g.codes, complete_signs(signs_and_scale >> (7 * (i % 4)) & 127));
    return g;
  }
};

template <>
struct Format<DType::kIQ2_XS> : BlockOf<BlockIQ2_XS> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const uint32_t q = half_word_at(b + 2 + 2 * i);
    const int scale = b[66 + i / 4] >> (i / 2 % 2 * 4) & 15;
    Group g{{}, half_at(b) * (0.5f + static_cast<float>(scale)) * 0.25f, 0.0f};
    spread_iq2(kIQ2XS.words[q & 511], g.codes);
    sign_both(g.codes, complete_signs(q >> 9));
    return g;
  }
};

template <>
struct Format<DType::kIQ2_S> : BlockOf<BlockIQ2_S> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const int scale = b[74 + i / 4] >> (i / 2 % 2 * 4) & 15;
    Group g{{}, half_at(b) * (0.5f + static_cast<float>(scale)) * 0.25f, 0.0f};
    spread_iq2(kIQ2S.words[b[2 + i] | (b[66 + i / 4] >> (i % 4 * 2) & 3) << 8], g.codes);
    sign_both(g.codes, b[34 + i]);
    return g;
  }
};

template <>
struct Format<DType::kIQ3_XXS> : BlockOf<BlockIQ3_XXS> {
  // Digits of four bits as 4, 12, 20, ... 52, 62.
  CHAKU_DEVICE static uint32_t spread(uint32_t grid) {
    uint32_t out = 0;
    CHAKU_UNROLL
    for (int j = 0; j < 4; ++j) {
      const uint32_t digit = grid >> (4 * j) & 15;
      out |= (digit == 7 ? 62 : 4 + 8 * digit) << (8 * j);
    }
    return out;
  }
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const uint32_t signs_and_scale = word(b + 66 + i / 4 * 4);
    Group g{{spread(kIQ3XXS.words[b[2 + 2 * i]]), spread(kIQ3XXS.words[b[3 + 2 * i]])},
            half_at(b) * (0.5f + static_cast<float>(signs_and_scale >> 28)) * 0.5f,
            0.0f};
    sign_both(g.codes, complete_signs(signs_and_scale >> (7 * (i % 4)) & 127));
    return g;
  }
};

template <>
struct Format<DType::kIQ3_S> : BlockOf<BlockIQ3_S> {
  // 2 digit + 1.
  CHAKU_DEVICE static uint32_t spread(uint32_t grid) {
    uint32_t out = 0;
    CHAKU_UNROLL
    for (int j = 0; j < 4; ++j) out |= (2 * (grid >> (4 * j) & 15) + 1) << (8 * j);
    return out;
  }
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const int scale = b[106 + i / 8] >> (i / 4 % 2 * 4) & 15, high = b[66 + i / 4] >> (i % 4 * 2);
    Group g{{spread(kIQ3S.words[b[2 + 2 * i] | (high & 1) << 8]), spread(kIQ3S.words[b[3 + 2 * i] | (high & 2) << 7])},
            half_at(b) * static_cast<float>(1 + 2 * scale),
            0.0f};
    sign_both(g.codes, b[74 + i]);
    return g;
  }
};

template <>
struct Format<DType::kIQ1_S> : BlockOf<BlockIQ1_S> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    const uint32_t high = half_word_at(b + 34 + i / 4 * 2);
    const float scale = half_at(b) * static_cast<float>(1 + 2 * (high >> 12 & 7));
    return iq1_group(scale, kIQ1.words[b[2 + i] | (high >> (i % 4 * 3) & 7) << 8], (high & 0x8000) != 0);
  }
};

template <>
struct Format<DType::kIQ1_M> : BlockOf<BlockIQ1_M> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    uint32_t d = 0;
    CHAKU_UNROLL
    for (int j = 0; j < 4; ++j) d |= (half_word_at(b + 48 + 2 * j) >> 12) << (4 * j);
    const uint32_t scale = half_word_at(b + 48 + i / 8 * 2) >> (i % 8 / 2 * 3) & 7;
    const uint32_t high = b[32 + i / 2] >> (i % 2 * 4) & 15u;
    return iq1_group(half_to_float(static_cast<uint16_t>(d)) * static_cast<float>(1 + 2 * scale),
                     kIQ1.words[b[i] | (high & 7) << 8], (high & 8) != 0);
  }
};

// ---- ternary --------------------------------------------------------------------------------------------------------

template <>
struct Format<DType::kTQ1_0> : BlockOf<BlockTQ1_0> {
  // Digit n of a byte less one.
  CHAKU_DEVICE static uint32_t digit(uint32_t byte, int n) {
    const uint32_t power = n == 0 ? 1 : n == 1 ? 3 : n == 2 ? 9 : n == 3 ? 27 : 81;
    return ((byte * power & 0xff) * 3 >> 8) - 1;
  }
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    Group g{{}, half_at(b + 52), 0.0f};
    CHAKU_UNROLL
    for (int j = 0; j < kGroup; ++j) {
      const int e = 8 * i + j;
      const int at = e < 160 ? e % 32 : e < 240 ? 32 + (e - 160) % 16 : 48 + (e - 240) % 4;
      const int n = e < 160 ? e / 32 : e < 240 ? (e - 160) / 16 : (e - 240) / 4;
      g.codes[j / 4] |= (digit(b[at], n) & 0xff) << (8 * (j % 4));
    }
    return g;
  }
};

template <>
struct Format<DType::kTQ2_0> : BlockOf<BlockTQ2_0> {
  CHAKU_DEVICE static Group load(const uint8_t* b, int i) {
    Group g{{}, half_at(b + 64), 0.0f};
    pairs(b + i / 16 * 32 + i % 4 * 8, i / 4 % 4, g.codes);
    subtract(g.codes, 1);
    return g;
  }
};

// ---- rows -----------------------------------------------------------------------------------------------------------

constexpr bool is_block_format(DType dtype) {
  return dtype != DType::kF32 && dtype != DType::kF16 && dtype != DType::kBF16;
}

// Elements [8 group, 8 group + 8) of a row of n columns; zeros behind the last. kExact: as quant/codec.h, to the bit
// but for the sign of a zero.
template <DType kType, bool kExact = false>
CHAKU_DEVICE void decode_group(const uint8_t* row, int64_t group, [[maybe_unused]] int64_t n, float (&out)[kGroup]) {
  if constexpr (is_block_format(kType)) {
    using F = Format<kType>;
    constexpr int kGroups = F::kElements / kGroup;
    const Group g = F::load(row + group / kGroups * F::kBytes, static_cast<int>(group % kGroups));
    if constexpr (kExact)
      decode_exactly(g, out);
    else
      decode(g, out);
  } else {
    CHAKU_UNROLL
    for (int j = 0; j < kGroup; ++j) {
      const int64_t at = group * kGroup + j;
      if (at >= n)
        out[j] = 0.0f;
      else if constexpr (kType == DType::kF32)
        out[j] = reinterpret_cast<const float*>(row)[at];
      else if constexpr (kType == DType::kF16)
        out[j] = half_to_float(reinterpret_cast<const uint16_t*>(row)[at]);
      else
        out[j] = bf16_to_float(reinterpret_cast<const uint16_t*>(row)[at]);
    }
  }
}

// Calls with_format.template operator()<kType>() for the type of a matrix.
template <class WithFormat>
void for_dtype(DType dtype, const WithFormat& with_format) {
  switch (dtype) {
#define CHAKU_FORMAT(name) \
  case DType::name: return with_format.template operator()<DType::name>();
    CHAKU_FORMAT(kF32)
    CHAKU_FORMAT(kF16)
    CHAKU_FORMAT(kBF16)
    CHAKU_FORMAT(kQ4_0)
    CHAKU_FORMAT(kQ4_1)
    CHAKU_FORMAT(kQ5_0)
    CHAKU_FORMAT(kQ5_1)
    CHAKU_FORMAT(kQ8_0)
    CHAKU_FORMAT(kQ2_K)
    CHAKU_FORMAT(kQ3_K)
    CHAKU_FORMAT(kQ4_K)
    CHAKU_FORMAT(kQ5_K)
    CHAKU_FORMAT(kQ6_K)
    CHAKU_FORMAT(kIQ1_S)
    CHAKU_FORMAT(kIQ1_M)
    CHAKU_FORMAT(kIQ2_XXS)
    CHAKU_FORMAT(kIQ2_XS)
    CHAKU_FORMAT(kIQ2_S)
    CHAKU_FORMAT(kIQ3_XXS)
    CHAKU_FORMAT(kIQ3_S)
    CHAKU_FORMAT(kIQ4_NL)
    CHAKU_FORMAT(kIQ4_XS)
    CHAKU_FORMAT(kTQ1_0)
    CHAKU_FORMAT(kTQ2_0)
    CHAKU_FORMAT(kMXFP4)
    CHAKU_FORMAT(kNVFP4)
#undef CHAKU_FORMAT
  }
}

}  // namespace chaku::cuda
