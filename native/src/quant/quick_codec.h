// Scales for codes that are chosen otherwise.
#pragma once

#include <cstdint>

#include "quant/dtype.h"

namespace chaku {

// As quantize() of quant/codec.h, with the quick search of quant/scale_search.h where a format is searched for.
void quantize_quickly(DType dtype, const float* src, void* dst, int64_t n, const float* importance) noexcept;

}  // namespace chaku
