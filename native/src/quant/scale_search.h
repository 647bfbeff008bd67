// Searches for the scale (and offset) of a group of elements, the heart of every quantizer.
//
// Minimise  E = sum w (x - a q - b)^2  over real a, b and integer codes q in [lo, hi]. For fixed codes E is quadratic and
// a, b have a closed form; for fixed a, b the nearest codes are best. A sweep over starting inverse scales, each
// followed by the closed form, finds the basin: the range of x divided by the number of codes gives the first guess,
// and the best inverse scale lies near it (clipping the extremes a little, or spending a code less, may pay).
// Codes are rounded to nearest with the add-a-magic-number trick, exact for |v| < 2^22, so that the loops vectorise.
#pragma once

#include <cstdint>

namespace chaku {

// y = scale * q, error = E up to the constant sum w x^2.
struct SymmetricFit {
  float scale;
  float error;
};

// y = scale * q + min.
struct AffineFit {
  float scale, min;
  float error;
};

// n is a multiple of 4, at most 256; x finite; w >= 0 (all zero is allowed, as is all-zero x: scale 0).
SymmetricFit fit_symmetric(const float* x, const float* w, int n, int lo, int hi) noexcept;

// Codes 0..hi. With `min_not_positive` the offset is held at or below zero, as the K formats store its negative.
AffineFit fit_affine(const float* x, const float* w, int n, int hi, bool min_not_positive) noexcept;

}  // namespace chaku
