// Encoders of the formats with a table of levels: IQ4_NL, IQ4_XS and MXFP4.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/half.h"
#include "quant/codec_families.h"
#include "quant/levels.h"
#include "quant/scale_search.h"
#include "quant/super_block.h"

namespace chaku {
namespace {

// The code of a level that is in the table.
CHAKU_CODEC uint8_t iq4_code(float level) noexcept {
  return static_cast<uint8_t>(std::lower_bound(std::begin(kIQ4Value), std::end(kIQ4Value), level) -
                              std::begin(kIQ4Value));
}

// The E2M1 code nearest to v, a number in units of half an E2M1 one.
CHAKU_CODEC int e2m1_code(float v) noexcept {
  static constexpr float kMiddle[7] = {0.5f, 1.5f, 2.5f, 3.5f, 5, 7, 10};
  const float magnitude = std::fabs(v);
  int code = 0;
  for (const float middle : kMiddle) code += magnitude > middle;
  return code != 0 && v < 0 ? code | 8 : code;
}

// Squared error of the block under the unit 2^exponent of half an E2M1 one.
CHAKU_CODEC float mxfp4_error(const float* src, const float* weight, int exponent) noexcept {
  const float unit = std::ldexp(1.0f, exponent), inverse = std::ldexp(1.0f, -exponent);
  float error = 0;
  for (int i = 0; i < kSimpleBlock; ++i) {
    const float r = src[i] - unit * static_cast<float>(kTwiceE2M1[e2m1_code(src[i] * inverse)]);
    error += weight[i] * r * r;
  }
  return error;
}

}  // namespace

CHAKU_CODEC void encode(const float* src, const float* weight, BlockIQ4_NL& block) noexcept {
  const IQ4Levels levels;
  const float d = fit_half_scale(src, weight, kSimpleBlock, levels).scale, inverse = reciprocal_or_zero(d);
  block.d = f32_to_f16(d);
  float level[kSimpleBlock];
  uint8_t codes[kSimpleBlock];
  for (int i = 0; i < kSimpleBlock; i += kLanes) store_lanes(level + i, levels.nearest(load_lanes(src + i) * inverse));
  std::transform(level, level + kSimpleBlock, codes, iq4_code);
  pack_codes(codes, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockIQ4_XS& block) noexcept {
  SymmetricSuperBlock found;
  search_super_block(src, weight, SymmetricShape{32, -32, 31}, IQ4Levels(), found);
  block.d = f32_to_f16(found.d);
  int high = 0;
  std::fill_n(block.scales_l, sizeof block.scales_l, uint8_t{0});
  for (int s = 0; s < 8; ++s) {
    const int scale = found.scale[s] + 32;
    block.scales_l[s / 2] = static_cast<uint8_t>(block.scales_l[s / 2] | (scale & 15) << (s % 2 * 4));
    high |= (scale >> 4) << (2 * s);
  }
  block.scales_h = static_cast<uint16_t>(high);
  uint8_t codes[kSuperBlock];
  std::transform(found.level, found.level + kSuperBlock, codes, iq4_code);
  pack_codes(codes, block);
}

CHAKU_CODEC void encode(const float* src, const float* weight, BlockMXFP4& block) noexcept {
  float max = 0;
  for (int i = 0; i < kSimpleBlock; ++i) max = std::max(max, std::fabs(src[i]));
  // By the format's specification the largest magnitude falls in the top binade (4..8, of which 6..8 saturates); one
  // binade up or down may err less.
  int best = -128;
  if (max > 0) {
    const int standard = std::ilogb(max) - 3;
    best = std::max(standard, -128);
    float least = mxfp4_error(src, weight, best);
    for (const int tried : {standard - 1, standard + 1}) {
      if (tried < -128) continue;
      const float error = mxfp4_error(src, weight, tried);
      if (error < least) {
        least = error;
        best = tried;
      }
    }
  }
  block.e = static_cast<uint8_t>(best + 128);
  const float inverse = std::ldexp(1.0f, -best);
  uint8_t codes[kSimpleBlock];
  for (int i = 0; i < kSimpleBlock; ++i) codes[i] = static_cast<uint8_t>(e2m1_code(src[i] * inverse));
  pack_codes(codes, block);
}

}  // namespace chaku
