// Encoders of the K formats: super_block.h finds scales and codes, this file packs them.
#include <algorithm>

#include "base/half.h"
#include "quant/codec_families.h"
#include "quant/super_block.h"

namespace chaku {
namespace {

void clear(uint8_t* bytes, size_t n) noexcept { std::fill_n(bytes, n, uint8_t{0}); }

void put(uint8_t& byte, int value, int shift) noexcept { byte = static_cast<uint8_t>(byte | value << shift); }

// Two bits per element, the layout that Q2_K, Q3_K and the high bits of Q6_K share.
void put_two_bits(uint8_t* bytes, int i, int value) noexcept {
  put(bytes[i / 128 * 32 + i % 32], value & 3, i / 32 % 4 * 2);
}

// The inverse of unpack_scale_min.
void pack_scale_min(const uint8_t* scale, const uint8_t* min, uint8_t* packed) noexcept {
  for (int s = 0; s < 4; ++s) {
    packed[s] = static_cast<uint8_t>(scale[s] | (scale[s + 4] >> 4) << 6);
    packed[s + 4] = static_cast<uint8_t>(min[s] | (min[s + 4] >> 4) << 6);
    packed[s + 8] = static_cast<uint8_t>((scale[s + 4] & 15) | (min[s + 4] & 15) << 4);
  }
}

}  // namespace

void encode(const float* src, const float* weight, BlockQ2_K& block) noexcept {
  AffineSuperBlock found;
  search_super_block(src, weight, AffineShape{16, 3, 15}, found);
  block.d = f32_to_f16(found.d);
  block.dmin = f32_to_f16(found.dmin);
  for (int s = 0; s < 16; ++s) block.scales[s] = static_cast<uint8_t>(found.scale[s] | found.min[s] << 4);
  clear(block.qs, sizeof block.qs);
  for (int i = 0; i < kSuperBlock; ++i) put_two_bits(block.qs, i, static_cast<int>(found.q[i]));
}

void encode(const float* src, const float* weight, BlockQ3_K& block) noexcept {
  SymmetricSuperBlock found;
  search_super_block(src, weight, SymmetricShape{16, -32, 31}, UniformLevels(-4, 3), found);
  block.d = f32_to_f16(found.d);
  clear(block.scales, sizeof block.scales);
  for (int s = 0; s < 16; ++s) {
    const int scale = found.scale[s] + 32;
    put(block.scales[s % 8], scale & 15, s / 8 * 4);
    put(block.scales[8 + s % 4], scale >> 4, s / 4 * 2);
  }
  clear(block.qs, sizeof block.qs);
  clear(block.hmask, sizeof block.hmask);
  for (int i = 0; i < kSuperBlock; ++i) {
    const int q = static_cast<int>(found.level[i]) + 4;
    put_two_bits(block.qs, i, q);
    put(block.hmask[i % 32], q >> 2, i / 32);
  }
}

void encode(const float* src, const float* weight, BlockQ4_K& block) noexcept {
  AffineSuperBlock found;
  search_super_block(src, weight, AffineShape{32, 15, 63}, found);
  block.d = f32_to_f16(found.d);
  block.dmin = f32_to_f16(found.dmin);
  pack_scale_min(found.scale, found.min, block.scales);
  clear(block.qs, sizeof block.qs);
  for (int i = 0; i < kSuperBlock; ++i)
    put(block.qs[i / 64 * 32 + i % 32], static_cast<int>(found.q[i]), i / 32 % 2 * 4);
}

void encode(const float* src, const float* weight, BlockQ5_K& block) noexcept {
  AffineSuperBlock found;
  search_super_block(src, weight, AffineShape{32, 31, 63}, found);
  block.d = f32_to_f16(found.d);
  block.dmin = f32_to_f16(found.dmin);
  pack_scale_min(found.scale, found.min, block.scales);
  clear(block.qs, sizeof block.qs);
  clear(block.qh, sizeof block.qh);
  for (int i = 0; i < kSuperBlock; ++i) {
    const int q = static_cast<int>(found.q[i]);
    put(block.qs[i / 64 * 32 + i % 32], q & 15, i / 32 % 2 * 4);
    put(block.qh[i % 32], q >> 4, i / 32);
  }
}

void encode(const float* src, const float* weight, BlockQ6_K& block) noexcept {
  SymmetricSuperBlock found;
  search_super_block(src, weight, SymmetricShape{16, -128, 127}, UniformLevels(-32, 31), found);
  block.d = f32_to_f16(found.d);
  std::copy_n(found.scale, 16, block.scales);
  clear(block.ql, sizeof block.ql);
  clear(block.qh, sizeof block.qh);
  for (int i = 0; i < kSuperBlock; ++i) {
    const int q = static_cast<int>(found.level[i]) + 32;
    put(block.ql[i / 128 * 64 + i % 64], q & 15, i / 64 % 2 * 4);
    put_two_bits(block.qh, i, q >> 4);
  }
}

}  // namespace chaku
