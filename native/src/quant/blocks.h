// The blocks of every format as they lie in a file: little endian, no padding, no alignment (a tensor may start
// anywhere in a mapping). Layout facts: the GGUF block formats of ggml.
//
// Notation: q[i] is the code of element i, "nibbles lo/hi" of byte j are elements j and j + half (not 2j and 2j + 1).
// An f16 member holds the bits of an IEEE half. Formats with 256 elements are super-blocks of sub-blocks of 16 or 32
// whose scales are themselves quantized.
#pragma once

#include <cstdint>

#include "base/device_code.h"

namespace chaku {

using f16_bits = uint16_t;

constexpr int kSuperBlock = 256;
constexpr int kSimpleBlock = 32;  // of the formats that are no super-blocks

#pragma pack(push, 1)

// ---- 32 elements, one scale -----------------------------------------------------------------------------------------

// y = d * (q - 8). Byte j: lo = element j, hi = element j + 16.
struct BlockQ4_0 {
  static constexpr int kElements = 32;
  f16_bits d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ4_0) == 18);

// y = d * q + m. Nibbles as Q4_0.
struct BlockQ4_1 {
  static constexpr int kElements = 32;
  f16_bits d, m;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ4_1) == 20);

// y = d * (q - 16). Low four bits as Q4_0; bit i of qh (little endian) is bit 4 of element i.
struct BlockQ5_0 {
  static constexpr int kElements = 32;
  f16_bits d;
  uint8_t qh[4];
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ5_0) == 22);

// y = d * q + m. Bits as Q5_0.
struct BlockQ5_1 {
  static constexpr int kElements = 32;
  f16_bits d, m;
  uint8_t qh[4];
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ5_1) == 24);

// y = d * q.
struct BlockQ8_0 {
  static constexpr int kElements = 32;
  f16_bits d;
  int8_t qs[32];
};
static_assert(sizeof(BlockQ8_0) == 34);

// y = d * kIQ4Value[q]. Nibbles as Q4_0.
struct BlockIQ4_NL {
  static constexpr int kElements = 32;
  f16_bits d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockIQ4_NL) == 18);

// OCP microscaling: y = 2^(e - 127) * E2M1(q), q sign-magnitude. Nibbles as Q4_0.
struct BlockMXFP4 {
  static constexpr int kElements = 32;
  uint8_t e;
  uint8_t qs[16];
};
static_assert(sizeof(BlockMXFP4) == 17);

// Four sub-blocks of 16: y = UE4M3(d[s]) * E2M1(q). In sub-block s, byte j of its 8: lo = element j, hi = j + 8.
struct BlockNVFP4 {
  static constexpr int kElements = 64;
  uint8_t d[4];
  uint8_t qs[32];
};
static_assert(sizeof(BlockNVFP4) == 36);

// ---- super-blocks of 256 --------------------------------------------------------------------------------------------

// 16 sub-blocks of 16: y = d * (scale & 15) * q - dmin * (scale >> 4).
// Bits: half h (128 elements) owns qs[32h..]; bits 2s..2s+1 of byte j are element 128h + 32s + j.
struct BlockQ2_K {
  static constexpr int kElements = kSuperBlock;
  uint8_t scales[16];
  uint8_t qs[64];
  f16_bits d, dmin;
};
static_assert(sizeof(BlockQ2_K) == 84);

// 16 sub-blocks of 16: y = d * (scale - 32) * (q - 4). Low two bits as Q2_K; bit i of hmask[j] is bit 2 of element
// 32i + j. scales: 16 six-bit numbers; low nibbles in bytes 0..7 (lo = 0..7, hi = 8..15), bits 4..5 of scale
// 4p + b in bits 2p..2p+1 of byte 8 + b.
struct BlockQ3_K {
  static constexpr int kElements = kSuperBlock;
  uint8_t hmask[32];
  uint8_t qs[64];
  uint8_t scales[12];
  f16_bits d;
};
static_assert(sizeof(BlockQ3_K) == 110);

// 8 sub-blocks of 32: y = d * sc * q - dmin * m, sc and m six bits (ScaleMin below). Nibbles: pair p (64 elements)
// owns qs[32p..]; lo of byte j is element 64p + j, hi is 64p + 32 + j.
struct BlockQ4_K {
  static constexpr int kElements = kSuperBlock;
  f16_bits d, dmin;
  uint8_t scales[12];
  uint8_t qs[128];
};
static_assert(sizeof(BlockQ4_K) == 144);

// As Q4_K with a fifth bit: bit i of qh[j] belongs to element 32i + j.
struct BlockQ5_K {
  static constexpr int kElements = kSuperBlock;
  f16_bits d, dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};
static_assert(sizeof(BlockQ5_K) == 176);

// 16 sub-blocks of 16: y = d * scale * (q - 32). Half h owns ql[64h..] and qh[32h..]; element 128h + 32s + j has its
// low nibble in ql[64h + 32(s & 1) + j] (lo for s < 2, else hi) and bits 4..5 in bits 2s..2s+1 of qh[32h + j].
struct BlockQ6_K {
  static constexpr int kElements = kSuperBlock;
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  f16_bits d;
};
static_assert(sizeof(BlockQ6_K) == 210);

// 8 sub-blocks of 32: y = d * (scale - 32) * kIQ4Value[q]. Scale s: low nibble in scales_l[s / 2] (lo even, hi odd),
// bits 4..5 in bits 2s..2s+1 of scales_h. Sub-block s owns qs[16s..], nibbles as Q4_0.
struct BlockIQ4_XS {
  static constexpr int kElements = kSuperBlock;
  f16_bits d;
  uint16_t scales_h;
  uint8_t scales_l[4];
  uint8_t qs[128];
};
static_assert(sizeof(BlockIQ4_XS) == 136);

// ---- super-blocks whose codes index a codebook of vectors (grids in iq_grids.h) -------------------------------------

// 8 sub-blocks of 32, eight bytes each (four u16, little endian): four bytes pick four 8-vectors, then a u32 with four
// 7-bit sign codes and, in bits 28..31, the scale s: y = d * (0.5 + s) / 4 * sign * grid.
struct BlockIQ2_XXS {
  static constexpr int kElements = kSuperBlock;
  f16_bits d;
  uint16_t qs[32];
};
static_assert(sizeof(BlockIQ2_XXS) == 66);

// Each u16 is an 8-vector: 9 bits of index, 7 of sign code. 16 sub-blocks of 16 with a nibble of scale each.
struct BlockIQ2_XS {
  static constexpr int kElements = kSuperBlock;
  f16_bits d;
  uint16_t qs[32];
  uint8_t scales[8];
};
static_assert(sizeof(BlockIQ2_XS) == 74);

// 32 low index bytes, 32 bytes of explicit signs, then two high index bits per 8-vector; scales as IQ2_XS.
struct BlockIQ2_S {
  static constexpr int kElements = kSuperBlock;
  f16_bits d;
  uint8_t qs[32];
  uint8_t signs[32];
  uint8_t qh[8];
  uint8_t scales[8];
};
static_assert(sizeof(BlockIQ2_S) == 82);

// 64 bytes pick 64 4-vectors; then per sub-block of 32 a u32 of signs and scale as IQ2_XXS: y = d * (0.5 + s) / 2 * …
struct BlockIQ3_XXS {
  static constexpr int kElements = kSuperBlock;
  f16_bits d;
  uint8_t qs[64];
  uint8_t signs_and_scales[32];
};
static_assert(sizeof(BlockIQ3_XXS) == 98);

// 64 4-vectors with a ninth index bit in qh, explicit signs; sub-blocks of 32: y = d * (1 + 2 s) * sign * grid.
struct BlockIQ3_S {
  static constexpr int kElements = kSuperBlock;
  f16_bits d;
  uint8_t qs[64];
  uint8_t qh[8];
  uint8_t signs[32];
  uint8_t scales[4];
};
static_assert(sizeof(BlockIQ3_S) == 110);

// Sub-block of 32: qh has four 3-bit high indices (bits 0..11), scale s (bits 12..14), sign of the offset (bit 15):
// y = d * (1 + 2 s) * (grid +- 1/8), grid of 8-vectors over {-1, 0, 1}.
struct BlockIQ1_S {
  static constexpr int kElements = kSuperBlock;
  f16_bits d;
  uint8_t qs[32];
  uint16_t qh[8];
};
static_assert(sizeof(BlockIQ1_S) == 50);

// As IQ1_S with a nibble of qh per 8-vector (three index bits, one offset sign) and a 3-bit scale per 16 elements in
// four u16; their top nibbles together are the f16 scale of the super-block.
struct BlockIQ1_M {
  static constexpr int kElements = kSuperBlock;
  uint8_t qs[32];
  uint8_t qh[16];
  uint16_t scales[4];
};
static_assert(sizeof(BlockIQ1_M) == 56);

// ---- ternary --------------------------------------------------------------------------------------------------------

// y = d * (t - 1), t a base-3 digit. A byte holds five digits (qs) or four (qh) as the fraction t0/3 + t1/9 + … of
// 256, rounded up; digit n of qs[j] (j < 32) is element 32n + j, of qs[32 + j] (j < 16) 160 + 16n + j, of qh[j]
// 240 + 4n + j.
struct BlockTQ1_0 {
  static constexpr int kElements = kSuperBlock;
  uint8_t qs[48];
  uint8_t qh[4];
  f16_bits d;
};
static_assert(sizeof(BlockTQ1_0) == 54);

// y = d * (q - 1). Bits as Q2_K.
struct BlockTQ2_0 {
  static constexpr int kElements = kSuperBlock;
  uint8_t qs[64];
  f16_bits d;
};
static_assert(sizeof(BlockTQ2_0) == 66);

#pragma pack(pop)

// The six-bit scale and minimum of sub-block s of Q4_K and Q5_K. Bytes 0..3 and 4..7 hold scales and minima 0..3 in
// their low six bits; 4..7 have their low nibbles in bytes 8..11 (lo scale, hi minimum) and their high two bits on top
// of bytes 0..3 and 4..7.
struct ScaleMin {
  uint8_t scale, min;
};

constexpr ScaleMin unpack_scale_min(const uint8_t* packed, int s) noexcept {
  if (s < 4) return {static_cast<uint8_t>(packed[s] & 63), static_cast<uint8_t>(packed[s + 4] & 63)};
  return {static_cast<uint8_t>((packed[s + 4] & 15) | (packed[s - 4] >> 6) << 4),
          static_cast<uint8_t>(packed[s + 4] >> 4 | (packed[s] >> 6) << 4)};
}

// The signed scales of sub-block s.
CHAKU_CODEC_INLINE int unpack_scale(const BlockQ3_K& block, int s) noexcept {
  const int low = block.scales[s % 8] >> (s / 8 * 4) & 15, high = block.scales[8 + s % 4] >> (s / 4 * 2) & 3;
  return (low | high << 4) - 32;
}

CHAKU_CODEC_INLINE int unpack_scale(const BlockIQ4_XS& block, int s) noexcept {
  const int low = block.scales_l[s / 2] >> (s % 2 * 4) & 15, high = block.scales_h >> (2 * s) & 3;
  return (low | high << 4) - 32;
}

}  // namespace chaku
