// Decoders of the K formats: super-blocks of 256 with quantized sub-block scales. The order of the float operations
// is part of the format's definition: goldens are bit-exact.
#include "base/half.h"
#include "quant/codec_families.h"

namespace chaku {

void decode(const BlockQ2_K& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 16; ++s) {
    const uint8_t* qs = block.qs + s / 8 * 32 + s % 2 * 16;
    const int shift = s / 2 % 4 * 2;
    const float scale = d * static_cast<float>(block.scales[s] & 15);
    const float min = dmin * static_cast<float>(block.scales[s] >> 4);
    for (int j = 0; j < 16; ++j) dst[s * 16 + j] = scale * static_cast<float>(qs[j] >> shift & 3) - min;
  }
}

void decode(const BlockQ3_K& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 16; ++s) {
    const float scale = d * static_cast<float>(unpack_scale(block, s));
    const uint8_t* qs = block.qs + s / 8 * 32 + s % 2 * 16;
    const uint8_t* hmask = block.hmask + s % 2 * 16;
    const int shift = s / 2 % 4 * 2, bit = s / 2;
    for (int j = 0; j < 16; ++j) {
      const int q = (qs[j] >> shift & 3) | (hmask[j] >> bit & 1) << 2;
      dst[s * 16 + j] = scale * static_cast<float>(q - 4);
    }
  }
}

void decode(const BlockQ4_K& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    const ScaleMin packed = unpack_scale_min(block.scales, s);
    const float scale = d * packed.scale, min = dmin * packed.min;
    const uint8_t* qs = block.qs + s / 2 * 32;
    const int shift = s % 2 * 4;
    for (int j = 0; j < 32; ++j) dst[s * 32 + j] = scale * static_cast<float>(qs[j] >> shift & 15) - min;
  }
}

void decode(const BlockQ5_K& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    const ScaleMin packed = unpack_scale_min(block.scales, s);
    const float scale = d * packed.scale, min = dmin * packed.min;
    const uint8_t* qs = block.qs + s / 2 * 32;
    const int shift = s % 2 * 4;
    for (int j = 0; j < 32; ++j) {
      const int q = (qs[j] >> shift & 15) | (block.qh[j] >> s & 1) << 4;
      dst[s * 32 + j] = scale * static_cast<float>(q) - min;
    }
  }
}

void decode(const BlockQ6_K& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 16; ++s) {
    const float scale = d * static_cast<float>(block.scales[s]);
    const uint8_t* ql = block.ql + s / 8 * 64 + s % 4 * 16;
    const uint8_t* qh = block.qh + s / 8 * 32 + s % 2 * 16;
    const int shift_low = s / 4 % 2 * 4, shift_high = s / 2 % 4 * 2;
    for (int j = 0; j < 16; ++j) {
      const int q = (ql[j] >> shift_low & 15) | (qh[j] >> shift_high & 3) << 4;
      dst[s * 16 + j] = scale * static_cast<float>(q - 32);
    }
  }
}

}  // namespace chaku
