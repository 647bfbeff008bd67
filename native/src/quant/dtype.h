// Block formats: ids are ggml's. A row of a weight is a whole number of blocks.
#pragma once

#include <cstdint>

namespace chaku {

enum class DType : int32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ2_XXS = 16,
  kIQ2_XS = 17,
  kIQ3_XXS = 18,
  kIQ1_S = 19,
  kIQ4_NL = 20,
  kIQ3_S = 21,
  kIQ2_S = 22,
  kIQ4_XS = 23,
  kIQ1_M = 29,
  kBF16 = 30,
  kTQ1_0 = 34,
  kTQ2_0 = 35,
  kMXFP4 = 39,
  kNVFP4 = 40,
};

struct DTypeInfo {
  const char* name;
  int32_t block_elements;
  int32_t block_bytes;
};

// Null for an id that the core does not know.
const DTypeInfo* find_dtype(int32_t id) noexcept;
// The caller knows the type.
const DTypeInfo& dtype_info(DType dtype) noexcept;

// Bytes of a row; columns must be a multiple of the block.
inline int64_t row_bytes(DType dtype, int64_t columns) noexcept {
  const DTypeInfo& info = dtype_info(dtype);
  return columns / info.block_elements * info.block_bytes;
}

}  // namespace chaku
