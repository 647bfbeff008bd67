// Decoders of the codebook formats: IQ1, IQ2, IQ3. A code is the index of a vector of 4 or 8 in a fixed codebook
// (iq_grids.h); signs, where there are any, stand beside it.
#include <bit>

#include "base/half.h"
#include "quant/codec_families.h"
#include "quant/iq_grids.h"

namespace chaku {
namespace {

// Seven stored signs of eight: the number of minus signs is even, so the eighth follows.
uint32_t complete_signs(uint32_t seven) noexcept {
  return seven | static_cast<uint32_t>(std::popcount(seven) & 1) << 7;
}

float signed_by(uint32_t signs, int j, float v) noexcept { return signs >> j & 1 ? -v : v; }

// dst[8] = scale * grid vector, signs in bit j of `signs`.
void decode_iq2(float scale, uint16_t grid, uint32_t signs, float* dst) noexcept {
  for (int j = 0; j < 8; ++j) dst[j] = signed_by(signs, j, scale * kIQ2Digit[grid >> (2 * j) & 3]);
}

// IQ1 has no signs; an eighth is added to all or taken from all.
void decode_iq1(float scale, uint16_t grid, float delta, float* dst) noexcept {
  for (int j = 0; j < 8; ++j) dst[j] = scale * (static_cast<float>((grid >> (2 * j) & 3) - 1) + delta);
}

// The scale, with its fixed offset of one half, of IQ2 and IQ3_XXS.
float half_offset_scale(float d, uint32_t scale, float unit) noexcept {
  return d * (0.5f + static_cast<float>(scale)) * unit;
}

float odd_scale(float d, int scale) noexcept { return d * static_cast<float>(1 + 2 * scale); }

int nibble_of(const uint8_t* bytes, int i) noexcept { return bytes[i / 2] >> (i % 2 * 4) & 15; }

uint32_t u32_at(const uint8_t* p) noexcept {
  return static_cast<uint32_t>(p[0]) | static_cast<uint32_t>(p[1]) << 8 | static_cast<uint32_t>(p[2]) << 16 |
         static_cast<uint32_t>(p[3]) << 24;
}

constexpr float kDelta = 0.125f;
constexpr int kVectors = kSuperBlock / 8;  // of eight elements

}  // namespace

void decode(const BlockIQ2_XXS& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int v = 0; v < kVectors; ++v) {
    const int at = v / 4 * 4;
    const uint32_t word = block.qs[at + 2] | static_cast<uint32_t>(block.qs[at + 3]) << 16;
    const int index = block.qs[at + v % 4 / 2] >> (v % 2 * 8) & 255;
    decode_iq2(half_offset_scale(d, word >> 28, 0.25f), kIQ2XXSGrid[index], complete_signs(word >> (7 * (v % 4)) & 127),
               dst + 8 * v);
  }
}

void decode(const BlockIQ2_XS& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int v = 0; v < kVectors; ++v) {
    const float scale = half_offset_scale(d, static_cast<uint32_t>(nibble_of(block.scales, v / 2)), 0.25f);
    decode_iq2(scale, kIQ2XSGrid[block.qs[v] & 511], complete_signs(block.qs[v] >> 9), dst + 8 * v);
  }
}

void decode(const BlockIQ2_S& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int v = 0; v < kVectors; ++v) {
    const float scale = half_offset_scale(d, static_cast<uint32_t>(nibble_of(block.scales, v / 2)), 0.25f);
    const int index = block.qs[v] | (block.qh[v / 4] >> (v % 4 * 2) & 3) << 8;
    decode_iq2(scale, kIQ2SGrid[index], block.signs[v], dst + 8 * v);
  }
}

void decode(const BlockIQ3_XXS& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int v = 0; v < kVectors; ++v) {
    const uint32_t word = u32_at(block.signs_and_scales + v / 4 * 4);
    const float scale = half_offset_scale(d, word >> 28, 0.5f);
    const uint32_t signs = complete_signs(word >> (7 * (v % 4)) & 127);
    for (int j = 0; j < 8; ++j) {
      const uint16_t grid = kIQ3XXSGrid[block.qs[2 * v + j / 4]];
      dst[8 * v + j] = signed_by(signs, j, scale * kIQ3XXSDigit[grid >> (j % 4 * 4) & 15]);
    }
  }
}

void decode(const BlockIQ3_S& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int v = 0; v < kVectors; ++v) {
    const float scale = odd_scale(d, nibble_of(block.scales, v / 4));
    for (int j = 0; j < 8; ++j) {
      const int q = 2 * v + j / 4;
      const uint16_t grid = kIQ3SGrid[block.qs[q] | (block.qh[q / 8] >> (q % 8) & 1) << 8];
      const float magnitude = static_cast<float>(2 * (grid >> (j % 4 * 4) & 15) + 1);
      dst[8 * v + j] = signed_by(block.signs[v], j, scale * magnitude);
    }
  }
}

void decode(const BlockIQ1_S& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int v = 0; v < kVectors; ++v) {
    const int word = block.qh[v / 4];
    const int index = block.qs[v] | (word >> (v % 4 * 3) & 7) << 8;
    decode_iq1(odd_scale(d, word >> 12 & 7), kIQ1Grid[index], word & 0x8000 ? -kDelta : kDelta, dst + 8 * v);
  }
}

void decode(const BlockIQ1_M& block, float* dst) noexcept {
  int d_bits = 0;
  for (int i = 0; i < 4; ++i) d_bits |= (block.scales[i] >> 12) << (4 * i);
  const float d = f16_to_f32(static_cast<f16_bits>(d_bits));
  for (int v = 0; v < kVectors; ++v) {
    const int scale = block.scales[v / 8] >> (v % 8 / 2 * 3) & 7, high = nibble_of(block.qh, v);
    const int index = block.qs[v] | (high & 7) << 8;
    decode_iq1(odd_scale(d, scale), kIQ1Grid[index], high & 8 ? -kDelta : kDelta, dst + 8 * v);
  }
}

}  // namespace chaku
