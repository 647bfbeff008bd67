// Elements of a cache of keys or values.
#pragma once

#include "kernels/cuda/device.cuh"
#include "quant/dtype.h"

namespace chaku::cuda {

// Element `at`; a head begins a block.
template <DType kType>
CHAKU_DEVICE float cached(const void* base, int64_t at) {
  if constexpr (kType == DType::kF32) return static_cast<const float*>(base)[at];
  if constexpr (kType == DType::kF16) return half_to_float(static_cast<const uint16_t*>(base)[at]);
  if constexpr (kType == DType::kBF16) return bf16_to_float(static_cast<const uint16_t*>(base)[at]);
  if constexpr (kType == DType::kQ8_0) {
    const uint8_t* block = static_cast<const uint8_t*>(base) + at / 32 * 34;
    return half_to_float(*reinterpret_cast<const uint16_t*>(block)) *
           static_cast<float>(static_cast<int8_t>(block[2 + at % 32]));
  }
}

}  // namespace chaku::cuda
