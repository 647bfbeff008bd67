// One scalar codec per block format: the oracle of every vectorised path.
#pragma once

#include <cstdint>

#include "quant/dtype.h"

namespace chaku {

// src holds n / block_elements blocks, unaligned; dst[n] is overwritten. n is a multiple of the block. Every known
// format; the operations and their order are those that define it: bit-exact. A stored scale that is not finite
// makes its elements so: whoever opens a file decides whether to refuse it.
void dequantize(DType dtype, const void* src, float* dst, int64_t n) noexcept;

// Whether quantize() knows the format: F32, F16, BF16, Q4_0 to Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS, MXFP4.
bool can_quantize(DType dtype) noexcept;

// Nearest blocks, by the format's own search; importance[n] (may be null) weighs the squared error of each element.
// dst is unaligned, row_bytes(dtype, n) long. n is a multiple of the block; nothing depends on other blocks, so callers
// split rows among threads as they like.
// F32, F16 and BF16 keep infinities and NaN. The block formats, whose scales are halves, read NaN as 0 and clamp the
// rest to +-65504. An importance that is negative or NaN counts as 0; a block without any is encoded as if unweighted.
void quantize(DType dtype, const float* src, void* dst, int64_t n, const float* importance = nullptr) noexcept;

}  // namespace chaku
