#include "quant/dtype.h"

#include "quant/blocks.h"
#include "test.h"

namespace chaku {
namespace {

TEST(every_name_and_size) {
  struct Row {
    DType dtype;
    const char* name;
    int32_t elements;
    size_t bytes;
  };
  const Row rows[] = {
      {DType::kF32, "F32", 1, 4},
      {DType::kF16, "F16", 1, 2},
      {DType::kBF16, "BF16", 1, 2},
      {DType::kQ4_0, "Q4_0", BlockQ4_0::kElements, sizeof(BlockQ4_0)},
      {DType::kQ4_1, "Q4_1", BlockQ4_1::kElements, sizeof(BlockQ4_1)},
      {DType::kQ5_0, "Q5_0", BlockQ5_0::kElements, sizeof(BlockQ5_0)},
      {DType::kQ5_1, "Q5_1", BlockQ5_1::kElements, sizeof(BlockQ5_1)},
      {DType::kQ8_0, "Q8_0", BlockQ8_0::kElements, sizeof(BlockQ8_0)},
      {DType::kQ2_K, "Q2_K", BlockQ2_K::kElements, sizeof(BlockQ2_K)},
      {DType::kQ3_K, "Q3_K", BlockQ3_K::kElements, sizeof(BlockQ3_K)},
      {DType::kQ4_K, "Q4_K", BlockQ4_K::kElements, sizeof(BlockQ4_K)},
      {DType::kQ5_K, "Q5_K", BlockQ5_K::kElements, sizeof(BlockQ5_K)},
      {DType::kQ6_K, "Q6_K", BlockQ6_K::kElements, sizeof(BlockQ6_K)},
      {DType::kIQ1_S, "IQ1_S", BlockIQ1_S::kElements, sizeof(BlockIQ1_S)},
      {DType::kIQ1_M, "IQ1_M", BlockIQ1_M::kElements, sizeof(BlockIQ1_M)},
      {DType::kIQ2_XXS, "IQ2_XXS", BlockIQ2_XXS::kElements, sizeof(BlockIQ2_XXS)},
      {DType::kIQ2_XS, "IQ2_XS", BlockIQ2_XS::kElements, sizeof(BlockIQ2_XS)},
      {DType::kIQ2_S, "IQ2_S", BlockIQ2_S::kElements, sizeof(BlockIQ2_S)},
      {DType::kIQ3_XXS, "IQ3_XXS", BlockIQ3_XXS::kElements, sizeof(BlockIQ3_XXS)},
      {DType::kIQ3_S, "IQ3_S", BlockIQ3_S::kElements, sizeof(BlockIQ3_S)},
      {DType::kIQ4_NL, "IQ4_NL", BlockIQ4_NL::kElements, sizeof(BlockIQ4_NL)},
      {DType::kIQ4_XS, "IQ4_XS", BlockIQ4_XS::kElements, sizeof(BlockIQ4_XS)},
      {DType::kTQ1_0, "TQ1_0", BlockTQ1_0::kElements, sizeof(BlockTQ1_0)},
      {DType::kTQ2_0, "TQ2_0", BlockTQ2_0::kElements, sizeof(BlockTQ2_0)},
      {DType::kMXFP4, "MXFP4", BlockMXFP4::kElements, sizeof(BlockMXFP4)},
      {DType::kNVFP4, "NVFP4", BlockNVFP4::kElements, sizeof(BlockNVFP4)},
  };
  int32_t known = 0;
  for (int32_t id = -1; id < 300; ++id) known += find_dtype(id) != nullptr;
  CHECK_EQ(known, static_cast<int32_t>(std::size(rows)));
  for (const Row& row : rows) {
    const DTypeInfo* info = find_dtype(static_cast<int32_t>(row.dtype));
    CHECK(info != nullptr && info == &dtype_info(row.dtype));
    if (info == nullptr) continue;
    CHECK(std::string(info->name) == row.name);
    CHECK_EQ(info->block_elements, row.elements);
    CHECK_EQ(static_cast<size_t>(info->block_bytes), row.bytes);
  }
}

TEST(unknown_ids_are_null) {
  for (const int32_t id : {-2147483647 - 1, -1, 4, 5, 9, 15, 24, 31, 41, 42, 63, 64, 2147483647})
    CHECK(find_dtype(id) == nullptr);
}

TEST(row_bytes_beyond_two_gigabytes) {
  CHECK_EQ(row_bytes(DType::kQ4_K, 1024), int64_t{576});
  CHECK_EQ(row_bytes(DType::kF32, int64_t{1} << 40), int64_t{1} << 42);
  CHECK_EQ(row_bytes(DType::kQ8_0, 0), int64_t{0});
}

}  // namespace
}  // namespace chaku
