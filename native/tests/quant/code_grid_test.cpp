#include "quant/code_grid.h"

#include <algorithm>

#include "base/random.h"
#include "quant/codec.h"
#include "test.h"

namespace chaku {
namespace {

constexpr int64_t kN = 1024;

float value(const CodeGrid& grid, float step, float offset, int code) {
  const float level = grid.table != nullptr ? grid.table[code] : static_cast<float>(grid.lowest + code);
  return step * level + offset;
}

// What steps, codes and offsets say is what the codec reads, whatever the codes.
TEST(grids_say_what_the_codec_says) {
  int count = 0;
  for (int32_t id = 0; id < 64; ++id) {
    const DType dtype = static_cast<DType>(id);
    if (find_dtype(id) == nullptr || !can_choose_codes(dtype)) continue;
    ++count;
    CHECK(can_quantize(dtype));
    const CodeGrid& grid = *find_code_grid(dtype);
    const DTypeInfo& info = dtype_info(dtype);
    CHECK_EQ(grid.block_elements, info.block_elements);
    const Philox random(1, static_cast<uint64_t>(id));
    std::vector<float> x(kN), decoded(kN);
    for (uint64_t i = 0; i < kN; ++i) x[i] = 0.1f * random.normal(i) + 0.02f;
    std::vector<uint8_t> blocks(static_cast<size_t>(row_bytes(dtype, kN))), codes(kN);
    quantize(dtype, x.data(), blocks.data(), kN);
    for (uint64_t i = 0; i < kN; ++i)
      codes[i] = static_cast<uint8_t>(random.uniform(kN + i) * static_cast<float>(grid.highest - grid.lowest + 1));
    for (int64_t at = 0; at < kN; at += grid.block_elements)
      grid.write_codes(&codes[static_cast<size_t>(at)], &blocks[static_cast<size_t>(row_bytes(dtype, at))]);
    dequantize(dtype, blocks.data(), decoded.data(), kN);
    for (int64_t at = 0; at < kN; at += grid.block_elements) {
      float steps[CodeGrid::kMaxGroups], offsets[CodeGrid::kMaxGroups];
      grid.read_scales(&blocks[static_cast<size_t>(row_bytes(dtype, at))], steps, offsets);
      for (int i = 0; i < grid.block_elements; ++i) {
        const size_t k = static_cast<size_t>(at + i);
        CHECK(decoded[k] == value(grid, steps[i / grid.group], offsets[i / grid.group], codes[k]));
      }
    }
  }
  CHECK_EQ(count, 13);
}

TEST(tables_ascend) {
  for (const DType dtype : {DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4}) {
    const float* table = find_code_grid(dtype)->table;
    CHECK(std::is_sorted(table, table + CodeGrid::kTableLevels));
  }
  CHECK(!can_choose_codes(DType::kF16));
  CHECK(!can_choose_codes(DType::kIQ2_XS));
}

}  // namespace
}  // namespace chaku
