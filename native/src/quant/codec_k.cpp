// Decoders of the K formats: super-blocks of 256 with quantized sub-block scales. The order of the float operations
// is part of the format's definition: goldens are bit-exact.
#include "base/half.h"
#include "quant/codec_families.h"

namespace chaku {

void decode(const BlockQ2_K& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
  for (int i = 0; i < kSuperBlock; ++i) {
    const int half = i / 128, shift = i / 32 % 4 * 2;
    const uint8_t scale = block.scales[i / 16];
    const int q = block.qs[half * 32 + i % 32] >> shift & 3;
    dst[i] = d * static_cast<float>(scale & 15) * static_cast<float>(q) - dmin * static_cast<float>(scale >> 4);
  }
}

void decode(const BlockQ3_K& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < kSuperBlock; ++i) {
    const int half = i / 128, shift = i / 32 % 4 * 2, s = i / 16;
    const int low = s < 8 ? block.scales[s] & 15 : block.scales[s - 8] >> 4;
    const int high = block.scales[8 + s % 4] >> (s / 4 * 2) & 3;
    const int q = (block.qs[half * 32 + i % 32] >> shift & 3) | (block.hmask[i % 32] >> (i / 32) & 1) << 2;
    dst[i] = d * static_cast<float>((low | high << 4) - 32) * static_cast<float>(q - 4);
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
  for (int i = 0; i < kSuperBlock; ++i) {
    const int half = i / 128, s = i / 32 % 4, j = i % 32;
    const int low = block.ql[half * 64 + s % 2 * 32 + j] >> (s / 2 * 4) & 15;
    const int high = block.qh[half * 32 + j] >> (s * 2) & 3;
    dst[i] = d * static_cast<float>(block.scales[i / 16]) * static_cast<float>((low | high << 4) - 32);
  }
}

}  // namespace chaku
