// Searches for the scale (and offset) of a group of elements, the heart of every quantizer.
//
// Minimise  E = sum w (x - a q - b)^2  over real a, b and codes q. For fixed codes E is quadratic and a, b have a
// closed form; for fixed a, b the nearest codes are best. A sweep over starting inverse scales, each followed by the
// closed form, finds the basin: the range of x divided by the number of levels gives the first guess, and the best
// inverse scale lies near it (clipping the extremes a little, or leaving a level unused, may pay).
//
// In all of these n is a multiple of 4 and at most 256, x is finite with |x| <= 65504, w >= 0, w <= 1e20. Errors are
// relative to the constant sum w x^2 (that is, E minus it), or absolute where said.
#pragma once

#include <algorithm>

#include "base/half.h"
#include "quant/effort.h"
#include "quant/levels.h"

namespace chaku {

// The nearest finite half.
CHAKU_CODEC_INLINE float to_half(float v) noexcept {
  return f16_to_f32(f32_to_f16(std::clamp(v, -65504.0f, 65504.0f)));
}

CHAKU_CODEC_INLINE float reciprocal_or_zero(float v) noexcept { return v != 0 ? 1 / v : 0; }

// y = scale * level.
struct SymmetricFit {
  float scale;
  float error;
};

// y = scale * q + min, codes 0..hi.
struct AffineFit {
  float scale, min;
  float error;
};

// The best scale, of either sign; of equal ones the smallest. Scale 0 when x or w is all zero.
CHAKU_CODEC SymmetricFit fit_symmetric(const float* x, const float* w, int n, const UniformLevels& levels,
                                       Effort effort = Effort::kFull) noexcept;
CHAKU_CODEC SymmetricFit fit_symmetric(const float* x, const float* w, int n, const IQ4Levels& levels,
                                       Effort effort = Effort::kFull) noexcept;

// The same among the scales that are halves; error absolute.
CHAKU_CODEC SymmetricFit fit_half_scale(const float* x, const float* w, int n, const UniformLevels& levels) noexcept;
CHAKU_CODEC SymmetricFit fit_half_scale(const float* x, const float* w, int n, const IQ4Levels& levels) noexcept;

// The best scale >= 0 and offset; with `min_not_positive` the offset is held at or below zero, as the K formats store
// its negative.
CHAKU_CODEC AffineFit fit_affine(const float* x, const float* w, int n, int hi, bool min_not_positive,
                                 Effort effort = Effort::kFull) noexcept;

// The best offset <= 0 for a given scale >= 0 and the codes that are nearest under (scale, min); error absolute.
CHAKU_CODEC AffineFit fit_min(const float* x, const float* w, int n, int hi, float scale, float min) noexcept;

}  // namespace chaku
