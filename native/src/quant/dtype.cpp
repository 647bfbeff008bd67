#include "quant/dtype.h"

#include <iterator>

namespace chaku {
namespace {

struct Row {
  DType dtype;
  DTypeInfo info;
};

constexpr Row kTable[] = {
    {DType::kF32, {"F32", 1, 4}},
    {DType::kF16, {"F16", 1, 2}},
    {DType::kQ4_0, {"Q4_0", 32, 18}},
    {DType::kQ4_1, {"Q4_1", 32, 20}},
    {DType::kQ5_0, {"Q5_0", 32, 22}},
    {DType::kQ5_1, {"Q5_1", 32, 24}},
    {DType::kQ8_0, {"Q8_0", 32, 34}},
    {DType::kQ2_K, {"Q2_K", 256, 84}},
    {DType::kQ3_K, {"Q3_K", 256, 110}},
    {DType::kQ4_K, {"Q4_K", 256, 144}},
    {DType::kQ5_K, {"Q5_K", 256, 176}},
    {DType::kQ6_K, {"Q6_K", 256, 210}},
    {DType::kIQ2_XXS, {"IQ2_XXS", 256, 66}},
    {DType::kIQ2_XS, {"IQ2_XS", 256, 74}},
    {DType::kIQ3_XXS, {"IQ3_XXS", 256, 98}},
    {DType::kIQ1_S, {"IQ1_S", 256, 50}},
    {DType::kIQ4_NL, {"IQ4_NL", 32, 18}},
    {DType::kIQ3_S, {"IQ3_S", 256, 110}},
    {DType::kIQ2_S, {"IQ2_S", 256, 82}},
    {DType::kIQ4_XS, {"IQ4_XS", 256, 136}},
    {DType::kIQ1_M, {"IQ1_M", 256, 56}},
    {DType::kBF16, {"BF16", 1, 2}},
    {DType::kTQ1_0, {"TQ1_0", 256, 54}},
    {DType::kTQ2_0, {"TQ2_0", 256, 66}},
    {DType::kMXFP4, {"MXFP4", 32, 17}},
    {DType::kNVFP4, {"NVFP4", 64, 36}},
};

// Ids are small and dense enough for a direct index: row + 1, or 0 for a hole.
struct Index {
  static constexpr int32_t kSize = 64;
  uint8_t row_plus_one[kSize] = {};

  constexpr Index() {
    for (size_t i = 0; i < std::size(kTable); ++i)
      row_plus_one[static_cast<int32_t>(kTable[i].dtype)] = static_cast<uint8_t>(i + 1);
  }
};

constexpr Index kIndex;

}  // namespace

const DTypeInfo* find_dtype(int32_t id) noexcept {
  if (id < 0 || id >= Index::kSize || kIndex.row_plus_one[id] == 0) return nullptr;
  return &kTable[kIndex.row_plus_one[id] - 1].info;
}

const DTypeInfo& dtype_info(DType dtype) noexcept {
  return kTable[kIndex.row_plus_one[static_cast<int32_t>(dtype)] - 1].info;
}

}  // namespace chaku
