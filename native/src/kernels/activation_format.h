// How products of generated tokens write the activations that they read.
#pragma once

#include <cstdint>

#include "quant/dtype.h"

namespace chaku {

// Weights in blocks of codes are multiplied as integers. A step of activations, as many as digit_step() says, shares a
// scale: its largest magnitude over most_integer(), in float32. Each becomes the integer nearest to x / scale, ties to
// even, so that it is off by at most half of the scale:
//   kF32    2.4e-7 of the step's largest magnitude: no more than float32 sums lose
//   kInt16  3.1e-5: less than rounding to bfloat16 loses of activations above a 64th of the step's largest
//   kInt8   3.9e-3
// Weights without codes meet activations as they are, in float32.
enum class ActivationFormat : int32_t { kF32 = 0, kInt16 = 1, kInt8 = 2 };

// Integers are written as digits to base 128, the highest in [-127, 127], the others in [-64, 63].
constexpr int kMostDigits = 3;
constexpr int digits_of(ActivationFormat format) { return kMostDigits - static_cast<int>(format); }
constexpr int32_t most_integer(int digits) {
  int32_t most = 127;
  for (int i = 1; i < digits; ++i) most = most * 128 + 63;
  return most;
}
// A step whose elements are all below it counts as zero.
constexpr float kLeastActivation = 1e-30f;

// Activations that share a scale where they meet a weight of this format; 0 where it has no codes.
constexpr int digit_step(DType dtype) {
  switch (dtype) {
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ5_0:
    case DType::kQ5_1:
    case DType::kQ8_0:
    case DType::kIQ4_NL:
    case DType::kMXFP4: return 128;
    case DType::kQ2_K:
    case DType::kQ3_K:
    case DType::kQ4_K:
    case DType::kQ5_K:
    case DType::kQ6_K:
    case DType::kIQ4_XS: return 256;
    default: return 0;
  }
}

}  // namespace chaku
