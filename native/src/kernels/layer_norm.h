// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias, per row (Ba, Kiros and Hinton, 2016).
#pragma once

#include <cstdint>

namespace chaku {

struct LayerNormProblem {
  const float* x = nullptr;            // [M, D], x_stride
  const float* weight = nullptr;       // [weight_rows, D]: row m uses row m % weight_rows
  const float* bias = nullptr;         // as weight, or null
  float* y = nullptr;                  // [M, D], y_stride, overwritten; may be x
  float* inverse_deviation = nullptr;  // [M], for the backward pass, or null
  int64_t m = 0, d = 0, x_stride = 0, y_stride = 0;
  float epsilon = 1e-5f;
  int64_t weight_rows = 1;
};

struct LayerNormBackwardProblem {
  const float* x = nullptr;                  // [M, D], x_stride
  const float* weight = nullptr;             // [weight_rows, D]
  const float* inverse_deviation = nullptr;  // [M]
  const float* dy = nullptr;                 // [M, D], dy_stride
  float* dx = nullptr;                       // [M, D], dx_stride: overwritten, or += with accumulate; may be dy
  float* dweight = nullptr;                  // [weight_rows, D] +=, or null
  float* dbias = nullptr;                    // as dweight
  int64_t m = 0, d = 0, x_stride = 0, dy_stride = 0, dx_stride = 0;
  bool accumulate = false;
  int64_t weight_rows = 1;
};

}  // namespace chaku
