// Encoders of the K formats: super_block.h finds scales and codes, this file packs scales, pack_codes.cpp the codes.
#include <algorithm>

#include "base/half.h"
#include "quant/codec_families.h"
#include "quant/super_block.h"

namespace chaku {
namespace {

CHAKU_CODEC void put(uint8_t& byte, int value, int shift) noexcept {
  byte = static_cast<uint8_t>(byte | value << shift);
}

// Codes of levels from `lowest` on.
CHAKU_CODEC void codes_of(const float* level, int lowest, uint8_t* codes) noexcept {
  for (int i = 0; i < kSuperBlock; ++i) codes[i] = static_cast<uint8_t>(static_cast<int>(level[i]) - lowest);
}

// The inverse of unpack_scale_min.
CHAKU_CODEC void pack_scale_min(const uint8_t* scale, const uint8_t* min, uint8_t* packed) noexcept {
  for (int s = 0; s < 4; ++s) {
    packed[s] = static_cast<uint8_t>(scale[s] | (scale[s + 4] >> 4) << 6);
    packed[s + 4] = static_cast<uint8_t>(min[s] | (min[s + 4] >> 4) << 6);
    packed[s + 8] = static_cast<uint8_t>((scale[s + 4] & 15) | (min[s + 4] & 15) << 4);
  }
}

}  // namespace

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ2_K& block, Effort effort) noexcept {
  AffineSuperBlock found;
  search_super_block(src, weight, AffineShape{16, 3, 15, effort}, found);
  block.d = f32_to_f16(found.d);
  block.dmin = f32_to_f16(found.dmin);
  for (int s = 0; s < 16; ++s) block.scales[s] = static_cast<uint8_t>(found.scale[s] | found.min[s] << 4);
  uint8_t codes[kSuperBlock];
  codes_of(found.q, 0, codes);
  pack_codes(codes, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ3_K& block, Effort effort) noexcept {
  SymmetricSuperBlock found;
  search_super_block(src, weight, SymmetricShape{16, -32, 31, effort}, UniformLevels(-4, 3), found);
  block.d = f32_to_f16(found.d);
  std::fill_n(block.scales, sizeof block.scales, uint8_t{0});
  for (int s = 0; s < 16; ++s) {
    const int scale = found.scale[s] + 32;
    put(block.scales[s % 8], scale & 15, s / 8 * 4);
    put(block.scales[8 + s % 4], scale >> 4, s / 4 * 2);
  }
  uint8_t codes[kSuperBlock];
  codes_of(found.level, -4, codes);
  pack_codes(codes, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ4_K& block, Effort effort) noexcept {
  AffineSuperBlock found;
  search_super_block(src, weight, AffineShape{32, 15, 63, effort}, found);
  block.d = f32_to_f16(found.d);
  block.dmin = f32_to_f16(found.dmin);
  pack_scale_min(found.scale, found.min, block.scales);
  uint8_t codes[kSuperBlock];
  codes_of(found.q, 0, codes);
  pack_codes(codes, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ5_K& block, Effort effort) noexcept {
  AffineSuperBlock found;
  search_super_block(src, weight, AffineShape{32, 31, 63, effort}, found);
  block.d = f32_to_f16(found.d);
  block.dmin = f32_to_f16(found.dmin);
  pack_scale_min(found.scale, found.min, block.scales);
  uint8_t codes[kSuperBlock];
  codes_of(found.q, 0, codes);
  pack_codes(codes, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ6_K& block, Effort effort) noexcept {
  SymmetricSuperBlock found;
  search_super_block(src, weight, SymmetricShape{16, -128, 127, effort}, UniformLevels(-32, 31), found);
  block.d = f32_to_f16(found.d);
  std::copy_n(found.scale, 16, block.scales);
  uint8_t codes[kSuperBlock];
  codes_of(found.level, -32, codes);
  pack_codes(codes, block);
}

}  // namespace chaku
