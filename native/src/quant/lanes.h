// Four floats at a time in the baseline instruction set (compiler vectors, no intrinsics): what the searches run on. A
// thread of a graphics card has four numbers in their place, and the same sums.
#pragma once

#include <cstring>

#include "base/device_code.h"

namespace chaku {

constexpr int kLanes = 4;
#ifdef __CUDACC__
struct Lanes {
  float v[kLanes];
  CHAKU_CODEC float operator[](int i) const noexcept { return v[i]; }
};
#define CHAKU_LANES_OPERATOR(op)                                                                     \
  CHAKU_CODEC_INLINE Lanes operator op(Lanes a, Lanes b) noexcept {                                  \
    return {a.v[0] op b.v[0], a.v[1] op b.v[1], a.v[2] op b.v[2], a.v[3] op b.v[3]};                 \
  }                                                                                                  \
  CHAKU_CODEC_INLINE Lanes operator op(Lanes a, float b) noexcept { return a op Lanes{b, b, b, b}; } \
  CHAKU_CODEC_INLINE Lanes operator op(float a, Lanes b) noexcept { return Lanes{a, a, a, a} op b; }
CHAKU_LANES_OPERATOR(+)
CHAKU_LANES_OPERATOR(-)
CHAKU_LANES_OPERATOR(*)
#undef CHAKU_LANES_OPERATOR
CHAKU_CODEC_INLINE Lanes& operator+=(Lanes& a, Lanes b) noexcept { return a = a + b; }
#else
using Lanes = float __attribute__((vector_size(16)));
#endif

CHAKU_CODEC_INLINE Lanes load_lanes(const float* p) noexcept {
  Lanes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

CHAKU_CODEC_INLINE void store_lanes(float* p, Lanes v) noexcept { std::memcpy(p, &v, sizeof v); }

// To nearest, ties to even, for |v| < 2^22; anything larger stays large enough to be clamped.
CHAKU_CODEC_INLINE Lanes round_lanes(Lanes v) noexcept {
  const Lanes magic = Lanes{} + 12582912.0f;
  return (v + magic) - magic;
}

CHAKU_CODEC_INLINE Lanes clamp_lanes(Lanes v, float lo, float hi) noexcept {
#ifdef __CUDACC__
  for (int i = 0; i < kLanes; ++i) {
    v.v[i] = v.v[i] < lo ? lo : v.v[i];
    v.v[i] = v.v[i] > hi ? hi : v.v[i];
  }
  return v;
#else
  const Lanes low = Lanes{} + lo, high = Lanes{} + hi;
  v = v < low ? low : v;
  return v > high ? high : v;
#endif
}

CHAKU_CODEC_INLINE float sum_lanes(Lanes v) noexcept { return (v[0] + v[2]) + (v[1] + v[3]); }

}  // namespace chaku
