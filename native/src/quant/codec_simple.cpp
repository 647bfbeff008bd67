// The formats of 32 elements with one scale, Q4_0 to Q8_0. Without weights the encoders follow the closed form that
// defines the format's files (bit-exact goldens); with weights they search for the scale.
#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "quant/codec_families.h"
#include "quant/scale_search.h"

namespace chaku {
namespace {

// The element of largest magnitude (the first of equals), with its sign.
CHAKU_CODEC float extreme(const float* src) noexcept {
  float extreme = 0;
  for (int i = 0; i < kSimpleBlock; ++i)
    if (std::fabs(src[i]) > std::fabs(extreme)) extreme = src[i];
  return extreme;
}

// Truncates v + 0.5, the rounding of these formats, held to [0, hi]: v may be huge where 1 / d is.
CHAKU_CODEC int code(float v, int hi) noexcept {
  return static_cast<int>(std::clamp(v + 0.5f, 0.0f, static_cast<float>(hi)));
}

// y = d * (q - zero): codes of a symmetric format with 2 * zero levels.
CHAKU_CODEC void encode_symmetric(const float* src, const float* weight, int zero, f16_bits& d_bits,
                                  uint8_t* q) noexcept {
  float inverse;
  if (weight == nullptr) {
    const float d = extreme(src) / static_cast<float>(-zero);
    inverse = reciprocal_or_zero(d);
    d_bits = f32_to_f16(d);
  } else {
    const float d = fit_half_scale(src, weight, kSimpleBlock, UniformLevels(-zero, zero - 1)).scale;
    inverse = reciprocal_or_zero(d);
    d_bits = f32_to_f16(d);
  }
  for (int i = 0; i < kSimpleBlock; ++i)
    q[i] = static_cast<uint8_t>(code(src[i] * inverse + static_cast<float>(zero), 2 * zero - 1));
}

// y = d * q + m, codes 0..hi.
CHAKU_CODEC void encode_affine(const float* src, const float* weight, int hi, f16_bits& d_bits, f16_bits& m_bits,
                               uint8_t* q) noexcept {
  float inverse, min;
  if (weight == nullptr) {
    const auto [lowest, highest] = std::minmax_element(src, src + kSimpleBlock);
    min = *lowest;
    const float d = (*highest - min) / static_cast<float>(hi);
    inverse = reciprocal_or_zero(d);
    d_bits = f32_to_f16(d);
    m_bits = f32_to_f16(min);
  } else {
    const AffineFit fit = fit_affine(src, weight, kSimpleBlock, hi, false);
    inverse = reciprocal_or_zero(to_half(fit.scale));
    min = to_half(fit.min);
    d_bits = f32_to_f16(to_half(fit.scale));
    m_bits = f32_to_f16(min);
  }
  for (int i = 0; i < kSimpleBlock; ++i) q[i] = static_cast<uint8_t>(code((src[i] - min) * inverse, hi));
}

CHAKU_CODEC int nibble(const uint8_t* qs, int i) noexcept { return qs[i % 16] >> (i / 16 * 4) & 15; }

CHAKU_CODEC int five_bits(const uint8_t* qs, const uint8_t* qh, int i) noexcept {
  return nibble(qs, i) | (qh[i / 8] >> (i % 8) & 1) << 4;
}

}  // namespace

CHAKU_CODEC void decode(const BlockQ4_0& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < kSimpleBlock; ++i) dst[i] = static_cast<float>(nibble(block.qs, i) - 8) * d;
}

CHAKU_CODEC void decode(const BlockQ4_1& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d), m = f16_to_f32(block.m);
  for (int i = 0; i < kSimpleBlock; ++i) dst[i] = static_cast<float>(nibble(block.qs, i)) * d + m;
}

CHAKU_CODEC void decode(const BlockQ5_0& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < kSimpleBlock; ++i) dst[i] = static_cast<float>(five_bits(block.qs, block.qh, i) - 16) * d;
}

CHAKU_CODEC void decode(const BlockQ5_1& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d), m = f16_to_f32(block.m);
  for (int i = 0; i < kSimpleBlock; ++i) dst[i] = static_cast<float>(five_bits(block.qs, block.qh, i)) * d + m;
}

CHAKU_CODEC void decode(const BlockQ8_0& block, float* dst) noexcept {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < kSimpleBlock; ++i) dst[i] = static_cast<float>(block.qs[i]) * d;
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ4_0& block) noexcept {
  uint8_t q[kSimpleBlock];
  f16_bits d;
  encode_symmetric(src, weight, 8, d, q);
  block.d = d;
  pack_codes(q, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ4_1& block) noexcept {
  uint8_t q[kSimpleBlock];
  f16_bits d, m;
  encode_affine(src, weight, 15, d, m, q);
  block.d = d;
  block.m = m;
  pack_codes(q, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ5_0& block) noexcept {
  uint8_t q[kSimpleBlock];
  f16_bits d;
  encode_symmetric(src, weight, 16, d, q);
  block.d = d;
  pack_codes(q, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ5_1& block) noexcept {
  uint8_t q[kSimpleBlock];
  f16_bits d, m;
  encode_affine(src, weight, 31, d, m, q);
  block.d = d;
  block.m = m;
  pack_codes(q, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ8_0& block) noexcept {
  float inverse;
  if (weight == nullptr) {
    const float d = std::fabs(extreme(src)) / 127;
    inverse = reciprocal_or_zero(d);
    block.d = f32_to_f16(d);
  } else {
    const float d = fit_half_scale(src, weight, kSimpleBlock, UniformLevels(-127, 127)).scale;
    inverse = reciprocal_or_zero(d);
    block.d = f32_to_f16(d);
  }
  for (int i = 0; i < kSimpleBlock; ++i)
    block.qs[i] = static_cast<int8_t>(std::clamp(std::round(src[i] * inverse), -127.0f, 127.0f));
}

}  // namespace chaku
