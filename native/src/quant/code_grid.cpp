#include "quant/code_grid.h"

#include <algorithm>

#include "base/half.h"
#include "quant/codec_families.h"
#include "quant/levels.h"

namespace chaku {
namespace {

// The scales of a block, for its grid. A format without offsets leaves them at zero.
void scales_of(const BlockQ4_0& block, float* steps, float*) noexcept { steps[0] = f16_to_f32(block.d); }
void scales_of(const BlockQ5_0& block, float* steps, float*) noexcept { steps[0] = f16_to_f32(block.d); }
void scales_of(const BlockQ8_0& block, float* steps, float*) noexcept { steps[0] = f16_to_f32(block.d); }
void scales_of(const BlockIQ4_NL& block, float* steps, float*) noexcept { steps[0] = f16_to_f32(block.d); }
void scales_of(const BlockMXFP4& block, float* steps, float*) noexcept { steps[0] = half_e8m0(block.e); }

void scales_of(const BlockQ4_1& block, float* steps, float* offsets) noexcept {
  steps[0] = f16_to_f32(block.d);
  offsets[0] = f16_to_f32(block.m);
}

void scales_of(const BlockQ5_1& block, float* steps, float* offsets) noexcept {
  steps[0] = f16_to_f32(block.d);
  offsets[0] = f16_to_f32(block.m);
}

void scales_of(const BlockQ2_K& block, float* steps, float* offsets) noexcept {
  const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 16; ++s) {
    steps[s] = d * static_cast<float>(block.scales[s] & 15);
    offsets[s] = -(dmin * static_cast<float>(block.scales[s] >> 4));
  }
}

void scales_of(const BlockQ3_K& block, float* steps, float*) noexcept {
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 16; ++s) steps[s] = d * static_cast<float>(unpack_scale(block, s));
}

template <class Block>
void affine_scales(const Block& block, float* steps, float* offsets) noexcept {
  const float d = f16_to_f32(block.d), dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    const ScaleMin packed = unpack_scale_min(block.scales, s);
    steps[s] = d * packed.scale;
    offsets[s] = -(dmin * packed.min);
  }
}

void scales_of(const BlockQ4_K& block, float* steps, float* offsets) noexcept { affine_scales(block, steps, offsets); }
void scales_of(const BlockQ5_K& block, float* steps, float* offsets) noexcept { affine_scales(block, steps, offsets); }

void scales_of(const BlockQ6_K& block, float* steps, float*) noexcept {
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 16; ++s) steps[s] = d * static_cast<float>(block.scales[s]);
}

void scales_of(const BlockIQ4_XS& block, float* steps, float*) noexcept {
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 8; ++s) steps[s] = d * static_cast<float>(unpack_scale(block, s));
}

template <class Block>
void read_scales(const void* block, float* steps, float* offsets) noexcept {
  std::fill_n(offsets, CodeGrid::kMaxGroups, 0.0f);
  scales_of(*static_cast<const Block*>(block), steps, offsets);
}

template <class Block>
void write_codes(const uint8_t* codes, void* block) noexcept {
  pack_codes(codes, *static_cast<Block*>(block));
}

constexpr struct IQ4Table {
  float level[16] = {};
  constexpr IQ4Table() {
    for (int i = 0; i < 16; ++i) level[i] = kIQ4Value[i];
  }
} kIQ4;

// Twice the E2M1 values from the least on. Both zeros are there: the second, which is E2M1's own, is never nearer.
constexpr struct E2M1Table {
  float level[16] = {};
  constexpr E2M1Table() {
    for (int i = 0; i < 16; ++i) level[i] = kTwiceE2M1[i < 8 ? 15 - i : i - 8];
  }
} kE2M1;

// A level of the table as its sign-magnitude code. A zero is E2M1's first.
template <>
void write_codes<BlockMXFP4>(const uint8_t* codes, void* block) noexcept {
  uint8_t q[32];
  for (int i = 0; i < 32; ++i)
    q[i] = static_cast<uint8_t>(codes[i] == 7 ? 0 : codes[i] < 8 ? 15 - codes[i] : codes[i] - 8);
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
  static constexpr CodeGrid kIQ4_NL = uneven<BlockIQ4_NL>(kIQ4.level), kIQ4_XS = uneven<BlockIQ4_XS>(kIQ4.level);
  static constexpr CodeGrid kMXFP4 = uneven<BlockMXFP4>(kE2M1.level);
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
