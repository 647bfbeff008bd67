// Four floats at a time in the baseline instruction set (compiler vectors, no intrinsics): what the searches run on.
#pragma once

#include <cstring>

namespace chaku {

constexpr int kLanes = 4;
using Lanes = float __attribute__((vector_size(16)));
using IntLanes = int __attribute__((vector_size(16)));

inline Lanes load_lanes(const float* p) noexcept {
  Lanes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline void store_lanes(float* p, Lanes v) noexcept { std::memcpy(p, &v, sizeof v); }

// To nearest, ties to even, for |v| < 2^22; anything larger stays large enough to be clamped.
inline Lanes round_lanes(Lanes v) noexcept {
  const Lanes magic = Lanes{} + 12582912.0f;
  return (v + magic) - magic;
}

inline Lanes clamp_lanes(Lanes v, float lo, float hi) noexcept {
  const Lanes low = Lanes{} + lo, high = Lanes{} + hi;
  v = v < low ? low : v;
  return v > high ? high : v;
}

inline float sum_lanes(Lanes v) noexcept { return (v[0] + v[2]) + (v[1] + v[3]); }

}  // namespace chaku
