// Codes of a format's blocks and what they are worth, so that codes can be chosen anew while scales stay:
//   y[i] = step[i / group] * level + offset[i / group]
// in float32, product and sum rounded each: what dequantize() gives, but for the sign of a zero.
#pragma once

#include <cstdint>

#include "quant/code_scales.h"
#include "quant/dtype.h"

namespace chaku {

struct CodeGrid {
  static constexpr int kMaxGroups = 16;  // of a block
  static constexpr int kTableLevels = chaku::kTableLevels;

  int32_t block_elements;
  int32_t group;            // elements that share a step and an offset
  int32_t lowest, highest;  // the levels are the integers between, if there is no table
  const float* table;       // kTableLevels levels, ascending; or null

  // steps and offsets [block_elements / group], overwritten. A block lies anywhere in memory.
  void (*read_scales)(const void* block, float* steps, float* offsets);
  // Puts codes[block_elements] into a block; its scales stay. A code is the index of a level: from `lowest`, or in the
  // table.
  void (*write_codes)(const uint8_t* codes, void* block);
};

// The grid of a format; null where can_choose_codes() is false.
const CodeGrid* find_code_grid(DType dtype) noexcept;

// Whether a format has levels, equally spaced or of a table, that scales multiply: Q4_0 to Q8_0, Q2_K to Q6_K, IQ4_NL,
// IQ4_XS, MXFP4.
inline bool can_choose_codes(DType dtype) noexcept { return find_code_grid(dtype) != nullptr; }

}  // namespace chaku
