// One scalar codec per block format: the oracle of every vectorised path.
#pragma once

#include <cstdint>

#include "quant/dtype.h"

namespace chaku {

// src holds n / block_elements blocks, unaligned; dst[n]. n is a multiple of the block. Every known format.
void dequantize(DType dtype, const void* src, float* dst, int64_t n) noexcept;

// Whether quantize() knows the format.
bool can_quantize(DType dtype) noexcept;

// Nearest blocks, by the format's own search; importance[n] (may be null) weighs the squared error of each element.
void quantize(DType dtype, const float* src, void* dst, int64_t n, const float* importance = nullptr) noexcept;

}  // namespace chaku
