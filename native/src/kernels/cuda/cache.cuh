// Elements of a cache of keys or values.
#pragma once

#include "kernels/cuda/device.cuh"
#include "kernels/cuda/queue.cuh"
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

// Calls launch.operator()<format>() for the format of a problem's keys and values.
template <class Launch>
void for_cache_format(DType dtype, CudaQueue& queue, const Launch& launch) noexcept {
  switch (dtype) {
    case DType::kF32: return launch.template operator()<DType::kF32>();
    case DType::kF16: return launch.template operator()<DType::kF16>();
    case DType::kBF16: return launch.template operator()<DType::kBF16>();
    case DType::kQ8_0: return launch.template operator()<DType::kQ8_0>();
    default: return queue.note("attention: expected a cache of F32, F16, BF16 or Q8_0");
  }
}

}  // namespace chaku::cuda
