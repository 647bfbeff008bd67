// exp, exp2, sigmoid and tanh in vectors.
//
// exp(x) = 2^n e^r with n = round(x / ln 2) and r in [-ln2/2, ln2/2] found with ln 2 in two parts; e^r = 1 + r + r^2
// p(r), p of degree 4 fitted to a relative error of 3e-9. Below -104 the result is 0, above 88.73 infinity; denormal
// results are rounded once or twice. Within one unit in the last place, sigmoid within two; NaN stays NaN.
#pragma once

#include "kernels/cpu/generic/simd.h"

namespace chaku::CHAKU_ISA {

CHAKU_INLINE F exp(F x) {
  // the operand order keeps a NaN: min and max return their second operand then
  const F clamped = minimum(broadcast(89.0f), maximum(broadcast(-104.0f), x));
  const F n = round_to_even(clamped * broadcast(1.44269504f));
  F r = fnma(n, broadcast(0.693359375f), clamped);
  r = fnma(n, broadcast(-2.12194440e-4f), r);
  F p = broadcast(1.3814540579915047e-3f);
  p = fma(p, r, broadcast(8.36874544620514e-3f));
  p = fma(p, r, broadcast(4.166838899254799e-2f));
  p = fma(p, r, broadcast(1.666652113199234e-1f));
  p = fma(p, r, broadcast(4.999999403953552e-1f));
  const F e = fma(p * r, r, r) + broadcast(1.0f);
  return scale_by_power(e, n);
}

// 2^x for x <= 252, as softmax wants it: 9 instructions for exp's 15. r = x - round(x) is exact; 2^r = 1 + r p(r), p of
// degree 4 fitted to a relative error of 9e-8. Within two units in the last place; 0 below -250; NaN stays NaN.
CHAKU_INLINE F exp2(F x) {
  const F clamped = maximum(broadcast(-250.0f), x);
  const F n = round_to_even(clamped), r = clamped - n;
  F p = broadcast(1.3264727e-3f);
  p = fma(p, r, broadcast(9.671513e-3f));
  p = fma(p, r, broadcast(5.5507336e-2f));
  p = fma(p, r, broadcast(2.4022242e-1f));
  p = fma(p, r, broadcast(6.93147e-1f));
  p = fma(p, r, broadcast(1.0f));
  return scale_by_power(p, n);
}

// 1 / (1 + e^-x), from e^-|x| so that nothing overflows and small results keep their precision.
CHAKU_INLINE F sigmoid(F x) {
  const F e = exp(minimum(x, zero() - x)), one = broadcast(1.0f);
  return select(less(x, zero()), e, one) / (one + e);
}

// Below 0.625 an odd polynomial (Cephes, Moshier 1992), above 1 - 2 / (e^2|x| + 1): within two units in the last place.
CHAKU_INLINE F tanh(F x) {
  const F magnitude = maximum(x, zero() - x), one = broadcast(1.0f), square = x * x;
  F p = broadcast(-5.70498872745e-3f);
  p = fma(p, square, broadcast(2.06390887954e-2f));
  p = fma(p, square, broadcast(-5.37397155531e-2f));
  p = fma(p, square, broadcast(1.33314422036e-1f));
  p = fma(p, square, broadcast(-3.33332819422e-1f));
  const F small = fma(p * square, x, x);
  const F large = one - broadcast(2.0f) / (exp(magnitude + magnitude) + one);
  const F signed_large = select(less(x, zero()), zero() - large, large);
  return select(less(magnitude, broadcast(0.625f)), small, signed_large);
}

// cap tanh(x / cap)
CHAKU_INLINE F soft_capped(F x, float cap) { return broadcast(cap) * tanh(x * broadcast(1.0f / cap)); }

}  // namespace chaku::CHAKU_ISA
