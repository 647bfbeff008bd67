// Weights decoded on the device, and activations rounded: what the products read that know no formats.
#pragma once

#include "kernels/cuda/queue.cuh"
#include "kernels/matmul.h"

namespace chaku::cuda {

// Rows [first, first + n) of w, or of rows `ids` where there are some, times scale. y[n, stride] is overwritten up to
// the columns of w.
struct DecodeTo {
  const Matrix& w;
  int64_t first, n;
  const int32_t* ids;
  float scale;
  int64_t stride;
};
// As quant/codec.h decodes, to the bit but for the sign of a zero.
void decode_to(const DecodeTo& rows, float* y, Queue& queue) noexcept;
// Rounded to bfloat16; the stride is a multiple of eight, and zeros follow up to the next multiple of eight columns.
void decode_to(const DecodeTo& rows, uint16_t* y, Queue& queue) noexcept;

// Rows [first, first + m) of x, `columns` of them times scale, rounded to bfloat16; zeros follow as above.
struct RoundTo {
  const float* x;
  int64_t x_stride, first, m, columns;
  float scale;
  int64_t stride;
};
void round_to(const RoundTo& rows, uint16_t* y, Queue& queue) noexcept;

}  // namespace chaku::cuda
