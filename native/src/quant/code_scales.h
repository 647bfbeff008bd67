// The scales of a block and the levels of a table: what code_grid.h is made of, for the processor and for the device.
#pragma once

#include <cstdint>

#include "base/half.h"
#include "quant/blocks.h"
#include "quant/levels.h"

namespace chaku {

constexpr int kTableLevels = 16;

// The scales of a block, for its grid. A format without offsets leaves them at zero.
CHAKU_CODEC_INLINE void scales_of(const BlockQ4_0& block, float* steps, float*) noexcept {
  steps[0] = f16_to_f32(block.d);
}
CHAKU_CODEC_INLINE void scales_of(const BlockQ5_0& block, float* steps, float*) noexcept {
  steps[0] = f16_to_f32(block.d);
}
CHAKU_CODEC_INLINE void scales_of(const BlockQ8_0& block, float* steps, float*) noexcept {
  steps[0] = f16_to_f32(block.d);
}
CHAKU_CODEC_INLINE void scales_of(const BlockIQ4_NL& block, float* steps, float*) noexcept {
  steps[0] = f16_to_f32(block.d);
}
CHAKU_CODEC_INLINE void scales_of(const BlockMXFP4& block, float* steps, float*) noexcept {
  steps[0] = half_e8m0(block.e);
}

CHAKU_CODEC_INLINE void scales_of(const BlockQ4_1& block, float* steps, float* offsets) noexcept {
  steps[0] = f16_to_f32(block.d);
  offsets[0] = f16_to_f32(block.m);
}

CHAKU_CODEC_INLINE void scales_of(const BlockQ5_1& block, float* steps, float* offsets) noexcept {
  steps[0] = f16_to_f32(block.d);
  offsets[0] = f16_to_f32(block.m);
}

CHAKU_CODEC_INLINE void scales_of(const BlockQ2_K& block, float* steps, float* offsets) noexcept {
  const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 16; ++s) {
    steps[s] = d * static_cast<float>(block.scales[s] & 15);
    offsets[s] = -(dmin * static_cast<float>(block.scales[s] >> 4));
  }
}

CHAKU_CODEC_INLINE void scales_of(const BlockQ3_K& block, float* steps, float*) noexcept {
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 16; ++s) steps[s] = d * static_cast<float>(unpack_scale(block, s));
}

template <class Block>
CHAKU_CODEC void affine_scales(const Block& block, float* steps, float* offsets) noexcept {
  const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    const ScaleMin packed = unpack_scale_min(block.scales, s);
    steps[s] = d * packed.scale;
    offsets[s] = -(dmin * packed.min);
  }
}

CHAKU_CODEC_INLINE void scales_of(const BlockQ4_K& block, float* steps, float* offsets) noexcept {
  affine_scales(block, steps, offsets);
}
CHAKU_CODEC_INLINE void scales_of(const BlockQ5_K& block, float* steps, float* offsets) noexcept {
  affine_scales(block, steps, offsets);
}

CHAKU_CODEC_INLINE void scales_of(const BlockQ6_K& block, float* steps, float*) noexcept {
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 16; ++s) steps[s] = d * static_cast<float>(block.scales[s]);
}

CHAKU_CODEC_INLINE void scales_of(const BlockIQ4_XS& block, float* steps, float*) noexcept {
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 8; ++s) steps[s] = d * static_cast<float>(unpack_scale(block, s));
}

struct IQ4Table {
  float level[kTableLevels] = {};
  CHAKU_CODEC constexpr IQ4Table() {
    for (int i = 0; i < kTableLevels; ++i) level[i] = kIQ4Value[i];
  }
};
CHAKU_CODEC_TABLE IQ4Table kIQ4Table;

// Twice the E2M1 values from the least on. Both zeros are there: the second, which is E2M1's own, is never nearer.
struct E2M1Table {
  float level[kTableLevels] = {};
  CHAKU_CODEC constexpr E2M1Table() {
    for (int i = 0; i < kTableLevels; ++i) level[i] = kTwiceE2M1[i < 8 ? 15 - i : i - 8];
  }
};
CHAKU_CODEC_TABLE E2M1Table kE2M1Table;

// A level of that table as its sign-magnitude code. A zero is E2M1's first.
CHAKU_CODEC_INLINE uint8_t e2m1_code_of_level(uint8_t level) noexcept {
  return static_cast<uint8_t>(level == 7 ? 0 : level < 8 ? 15 - level : level - 8);
}

}  // namespace chaku
