// Codes into their bits: the inverse of what the decoders of codec_*.cpp take out. Loops over bytes that lie together.
#include <algorithm>

#include "quant/codec_families.h"

namespace chaku {
namespace {

// qs[n]: elements 0..n - 1 low, n..2n - 1 high.
CHAKU_CODEC void pack_nibbles(const uint8_t* q, int n, uint8_t* qs) noexcept {
  for (int j = 0; j < n; ++j) qs[j] = static_cast<uint8_t>((q[j] & 15) | (q[j + n] & 15) << 4);
}

// Bit i of four bytes is the fifth of element i.
CHAKU_CODEC void pack_fifth_bits(const uint8_t* q, uint8_t* qh) noexcept {
  std::fill_n(qh, 4, uint8_t{0});
  for (int i = 0; i < 32; ++i) qh[i / 8] = static_cast<uint8_t>(qh[i / 8] | (q[i] >> 4 & 1) << (i % 8));
}

// Two bits of each of 256 elements from bit `first` on, the layout that Q2_K, Q3_K and the high bits of Q6_K share.
CHAKU_CODEC void pack_pairs(const uint8_t* q, int first, uint8_t* bytes) noexcept {
  for (int half = 0; half < 2; ++half, q += 128, bytes += 32)
    for (int j = 0; j < 32; ++j)
      bytes[j] = static_cast<uint8_t>((q[j] >> first & 3) | (q[j + 32] >> first & 3) << 2 |
                                      (q[j + 64] >> first & 3) << 4 | (q[j + 96] >> first & 3) << 6);
}

// Bit s of bytes[j] is bit `from` of element 32 s + j of 256.
CHAKU_CODEC void pack_bits(const uint8_t* q, int from, uint8_t* bytes) noexcept {
  std::fill_n(bytes, 32, uint8_t{0});
  for (int s = 0; s < 8; ++s)
    for (int j = 0; j < 32; ++j) bytes[j] = static_cast<uint8_t>(bytes[j] | (q[32 * s + j] >> from & 1) << s);
}

}  // namespace

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ4_0& block) noexcept { pack_nibbles(codes, 16, block.qs); }
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ4_1& block) noexcept { pack_nibbles(codes, 16, block.qs); }
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockIQ4_NL& block) noexcept { pack_nibbles(codes, 16, block.qs); }
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockMXFP4& block) noexcept { pack_nibbles(codes, 16, block.qs); }

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ5_0& block) noexcept {
  pack_nibbles(codes, 16, block.qs);
  pack_fifth_bits(codes, block.qh);
}

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ5_1& block) noexcept {
  pack_nibbles(codes, 16, block.qs);
  pack_fifth_bits(codes, block.qh);
}

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ8_0& block) noexcept {
  for (int i = 0; i < 32; ++i) block.qs[i] = static_cast<int8_t>(codes[i] - 127);
}

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ2_K& block) noexcept { pack_pairs(codes, 0, block.qs); }

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ3_K& block) noexcept {
  pack_pairs(codes, 0, block.qs);
  pack_bits(codes, 2, block.hmask);
}

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ4_K& block) noexcept {
  for (int pair = 0; pair < 4; ++pair) pack_nibbles(codes + 64 * pair, 32, block.qs + 32 * pair);
}

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ5_K& block) noexcept {
  for (int pair = 0; pair < 4; ++pair) pack_nibbles(codes + 64 * pair, 32, block.qs + 32 * pair);
  pack_bits(codes, 4, block.qh);
}

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ6_K& block) noexcept {
  for (int half = 0; half < 2; ++half) pack_nibbles(codes + 128 * half, 64, block.ql + 64 * half);
  pack_pairs(codes, 4, block.qh);
}

CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockIQ4_XS& block) noexcept {
  for (int s = 0; s < 8; ++s) pack_nibbles(codes + 32 * s, 16, block.qs + 16 * s);
}

}  // namespace chaku
