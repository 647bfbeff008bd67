// y = x / sqrt(mean(x^2) + epsilon) * weight, per row (Zhang and Sennrich, 2019).
#pragma once

#include <cstdint>

namespace chaku {

struct RmsNormProblem {
  const float* x = nullptr;       // [M, D], x_stride
  const float* weight = nullptr;  // [weight_rows, D]: row m uses row m % weight_rows
  float* y = nullptr;             // [M, D], y_stride, overwritten; may be x
  float* inverse_rms = nullptr;   // [M], for the backward pass, or null
  int64_t m = 0, d = 0, x_stride = 0, y_stride = 0;
  float epsilon = 1e-5f;
  int64_t weight_rows = 1;
};

struct RmsNormBackwardProblem {
  const float* x = nullptr;            // [M, D], x_stride
  const float* weight = nullptr;       // [weight_rows, D]
  const float* inverse_rms = nullptr;  // [M]
  const float* dy = nullptr;           // [M, D], dy_stride
  float* dx = nullptr;                 // [M, D], dx_stride: overwritten, or += with accumulate; may be dy
  float* dweight = nullptr;            // [weight_rows, D] +=, or null
  int64_t m = 0, d = 0, x_stride = 0, dy_stride = 0, dx_stride = 0;
  bool accumulate = false;
  int64_t weight_rows = 1;
};

}  // namespace chaku
