#include "quant/code_grid.h"

#include <algorithm>

#include "quant/code_scales.h"
#include "quant/codec_families.h"

namespace chaku {
namespace {

template <class Block>
void read_scales(const void* block, float* steps, float* offsets) noexcept {
  std::fill_n(offsets, CodeGrid::kMaxGroups, 0.0f);
  scales_of(*static_cast<const Block*>(block), steps, offsets);
}

template <class Block>
void write_codes(const uint8_t* codes, void* block) noexcept {
  pack_codes(codes, *static_cast<Block*>(block));
}

template <>
void write_codes<BlockMXFP4>(const uint8_t* codes, void* block) noexcept {
  uint8_t q[32];
  std::transform(codes, codes + 32, q, e2m1_code_of_level);
  pack_codes(q, *static_cast<BlockMXFP4*>(block));
}

template <class Block, int kGroup>
constexpr CodeGrid even(int lowest, int highest) {
  return {Block::kElements, kGroup, lowest, highest, nullptr, read_scales<Block>, write_codes<Block>};
}

template <class Block>
constexpr CodeGrid uneven(const float* table) {
  return {Block::kElements, 32, 0, 15, table, read_scales<Block>, write_codes<Block>};
}

}  // namespace

const CodeGrid* find_code_grid(DType dtype) noexcept {
  static constexpr CodeGrid kQ4_0 = even<BlockQ4_0, 32>(-8, 7), kQ4_1 = even<BlockQ4_1, 32>(0, 15);
  static constexpr CodeGrid kQ5_0 = even<BlockQ5_0, 32>(-16, 15), kQ5_1 = even<BlockQ5_1, 32>(0, 31);
  static constexpr CodeGrid kQ8_0 = even<BlockQ8_0, 32>(-127, 127);
  static constexpr CodeGrid kQ2_K = even<BlockQ2_K, 16>(0, 3), kQ3_K = even<BlockQ3_K, 16>(-4, 3);
  static constexpr CodeGrid kQ4_K = even<BlockQ4_K, 32>(0, 15), kQ5_K = even<BlockQ5_K, 32>(0, 31);
  static constexpr CodeGrid kQ6_K = even<BlockQ6_K, 16>(-32, 31);
  static constexpr CodeGrid kIQ4_NL = uneven<BlockIQ4_NL>(kIQ4Table.level),
                            kIQ4_XS = uneven<BlockIQ4_XS>(kIQ4Table.level);
  static constexpr CodeGrid kMXFP4 = uneven<BlockMXFP4>(kE2M1Table.level);
  switch (dtype) {
    case DType::kQ4_0: return &kQ4_0;
    case DType::kQ4_1: return &kQ4_1;
    case DType::kQ5_0: return &kQ5_0;
    case DType::kQ5_1: return &kQ5_1;
    case DType::kQ8_0: return &kQ8_0;
    case DType::kQ2_K: return &kQ2_K;
    case DType::kQ3_K: return &kQ3_K;
    case DType::kQ4_K: return &kQ4_K;
    case DType::kQ5_K: return &kQ5_K;
    case DType::kQ6_K: return &kQ6_K;
    case DType::kIQ4_NL: return &kIQ4_NL;
    case DType::kIQ4_XS: return &kIQ4_XS;
    case DType::kMXFP4: return &kMXFP4;
    default: return nullptr;
  }
}

}  // namespace chaku
