// Decoders of the formats with a table of levels (IQ4, FP4) and of the ternary ones.
#include <bit>

#include "base/half.h"
#include "quant/codec_families.h"
#include "quant/levels.h"

namespace chaku {
namespace {

// Half the UE4M3 value (bias 7, the sign bit without meaning); the code for "not a number" is zero.
float half_ue4m3(uint8_t code) noexcept {
  if (code == 0x7f) return 0;
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
  return static_cast<float>(8 + mantissa) * std::bit_cast<float>(static_cast<uint32_t>(exponent - 11 + 127) << 23);
}

// dst[n] = scale * table[code], codes in the nibbles of qs[n / 2].
void decode_nibbles(float scale, const int8_t* table, const uint8_t* qs, int n, float* dst) noexcept {
  for (int j = 0; j < n / 2; ++j) {
    dst[j] = scale * static_cast<float>(table[qs[j] & 15]);
    dst[j + n / 2] = scale * static_cast<float>(table[qs[j] >> 4]);
  }
}

}  // namespace

void decode(const BlockIQ4_NL& block, float* dst) noexcept {
  decode_nibbles(f16_to_f32(block.d), kIQ4Value, block.qs, 32, dst);
}

void decode(const BlockIQ4_XS& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 8; ++s) {
    const float scale = d * static_cast<float>(unpack_scale(block, s));
    decode_nibbles(scale, kIQ4Value, block.qs + 16 * s, 32, dst + 32 * s);
  }
}

void decode(const BlockMXFP4& block, float* dst) noexcept {
  decode_nibbles(half_e8m0(block.e), kTwiceE2M1, block.qs, 32, dst);
}

void decode(const BlockNVFP4& block, float* dst) noexcept {
  for (int s = 0; s < 4; ++s) decode_nibbles(half_ue4m3(block.d[s]), kTwiceE2M1, block.qs + 8 * s, 16, dst + 16 * s);
}

void decode(const BlockTQ1_0& block, float* dst) noexcept {
  static constexpr uint8_t kPower[5] = {1, 3, 9, 27, 81};
  const float d = f16_to_f32(block.d);
  // Multiplying the fraction by 3^n modulo 1 brings digit n to the front.
  const auto digit = [d](uint8_t byte, int n) {
    const auto rest = static_cast<uint8_t>(byte * kPower[n]);
    return d * static_cast<float>((rest * 3 >> 8) - 1);
  };
  for (int i = 0; i < 160; ++i) dst[i] = digit(block.qs[i % 32], i / 32);
  for (int i = 0; i < 80; ++i) dst[160 + i] = digit(block.qs[32 + i % 16], i / 16);
  for (int i = 0; i < 16; ++i) dst[240 + i] = digit(block.qh[i % 4], i / 4);
}

void decode(const BlockTQ2_0& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < kSuperBlock; ++i) {
    const int q = block.qs[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
    dst[i] = d * static_cast<float>(q - 1);
  }
}

}  // namespace chaku
