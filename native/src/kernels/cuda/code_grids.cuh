// Scales, levels and codes of blocks on the device: those of quant/code_grid.h.
#pragma once

#include <type_traits>

#include "kernels/cuda/device.cuh"
#include "quant/code_scales.h"
#include "quant/codec_families.h"
#include "quant/dtype.h"

#ifdef __CUDACC__
#include "quant/pack_codes.cpp"
#endif

namespace chaku::cuda {

// Of the formats that codec.h encodes in blocks: the block, elements that share a scale, and the levels of code_grid.h.
template <class BlockType, int kGroupSize, int kLow, int kHigh>
struct Grid {
  using Block = BlockType;
  static constexpr int kElements = Block::kElements, kGroupElements = kGroupSize, kLowest = kLow, kHighest = kHigh;
  static constexpr bool kFromTable = false;
  CHAKU_DEVICE static float level(int code) { return static_cast<float>(code + kLowest); }
  CHAKU_DEVICE static int nearest(float v) { return static_cast<int>(nearbyintf(v)) - kLowest; }
  CHAKU_DEVICE static uint8_t stored(int code) { return static_cast<uint8_t>(code); }
};

template <class BlockType>
struct TableGrid {
  using Block = BlockType;
  static constexpr int kElements = Block::kElements, kGroupElements = 32, kLowest = 0, kHighest = kTableLevels - 1;
  static constexpr bool kIsE2M1 = std::is_same_v<Block, BlockMXFP4>;
  CHAKU_DEVICE static float level(int code) { return kIsE2M1 ? kE2M1Table.level[code] : kIQ4Table.level[code]; }
  CHAKU_DEVICE static int nearest(float v) {
    int code = 0;
    for (int i = 0; i + 1 < kTableLevels; ++i) code += v > (level(i) + level(i + 1)) * 0.5f;
    return code;
  }
  CHAKU_DEVICE static uint8_t stored(int code) {
    return kIsE2M1 ? e2m1_code_of_level(static_cast<uint8_t>(code)) : static_cast<uint8_t>(code);
  }
};

// Calls with_grid.template operator()<kType, GridOf>(); false where the format has none.
template <class WithGrid>
bool for_grid(DType dtype, const WithGrid& with_grid) {
  switch (dtype) {
#define CHAKU_GRID(name, ...) \
  case DType::name: with_grid.template operator()<DType::name, __VA_ARGS__>(); return true;
    CHAKU_GRID(kQ4_0, Grid<BlockQ4_0, 32, -8, 7>)
    CHAKU_GRID(kQ4_1, Grid<BlockQ4_1, 32, 0, 15>)
    CHAKU_GRID(kQ5_0, Grid<BlockQ5_0, 32, -16, 15>)
    CHAKU_GRID(kQ5_1, Grid<BlockQ5_1, 32, 0, 31>)
    CHAKU_GRID(kQ8_0, Grid<BlockQ8_0, 32, -127, 127>)
    CHAKU_GRID(kQ2_K, Grid<BlockQ2_K, 16, 0, 3>)
    CHAKU_GRID(kQ3_K, Grid<BlockQ3_K, 16, -4, 3>)
    CHAKU_GRID(kQ4_K, Grid<BlockQ4_K, 32, 0, 15>)
    CHAKU_GRID(kQ5_K, Grid<BlockQ5_K, 32, 0, 31>)
    CHAKU_GRID(kQ6_K, Grid<BlockQ6_K, 16, -32, 31>)
    CHAKU_GRID(kIQ4_NL, TableGrid<BlockIQ4_NL>)
    CHAKU_GRID(kIQ4_XS, TableGrid<BlockIQ4_XS>)
    CHAKU_GRID(kMXFP4, TableGrid<BlockMXFP4>)
#undef CHAKU_GRID
    default: return false;
  }
}

}  // namespace chaku::cuda
