// Tables that depend on the positions of tokens alone, in float64 until they are stored.
#pragma once

#include <cstdint>

namespace chaku {

// Of the rotation by position * frequency: cosines and sines, each times magnitude.
struct RopeTableProblem {
  const int32_t* positions = nullptr;   // [M]
  const double* frequencies = nullptr;  // [pairs]
  float* cosines = nullptr;             // [M,pairs], overwritten
  float* sines = nullptr;               // as cosines
  int64_t m = 0, pairs = 0;
  float magnitude = 1.0f;
};

// factors[m] = 1 + temperature ln(1 + floor(position / length)).
struct PositionFactorsProblem {
  const int32_t* positions = nullptr;  // [M]
  float* factors = nullptr;            // [M], overwritten
  int64_t m = 0;
  float temperature = 0.0f;
  int32_t length = 1;
};

}  // namespace chaku
