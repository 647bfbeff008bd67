#include "case_data.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "base/random.h"
#include "quant/codec.h"

namespace chaku::bench {

Floats random_floats(int64_t n, uint64_t seed) {
  const Philox random(seed, 1);
  Floats out(static_cast<size_t>(n));
  for (size_t i = 0; i < out.size(); ++i) out[i] = 2.0f * random.uniform(i) - 1.0f;
  return out;
}

// Puts small scales into a block of random bytes.
static void set_scales(DType dtype, uint8_t* block) {
  const uint16_t scale = f32_to_f16(1e-3f);
  switch (dtype) {
    case DType::kTQ1_0:
    case DType::kTQ2_0: std::memcpy(block + dtype_info(dtype).block_bytes - 2, &scale, 2); break;
    case DType::kIQ1_M:  // four bits of it in each of the last four words
      for (int i = 0; i < 4; ++i)
        block[49 + 2 * i] = static_cast<uint8_t>((block[49 + 2 * i] & 15) | (scale >> 4 * i & 15) << 4);
      break;
    case DType::kNVFP4:
      for (int i = 0; i < 4; ++i) block[i] &= 63;
      break;
    default: std::memcpy(block, &scale, 2);
  }
}

std::vector<uint8_t> random_weights(DType dtype, int64_t rows, int64_t columns) {
  const int64_t stride = row_bytes(dtype, columns);
  std::vector<uint8_t> out(static_cast<size_t>(rows * stride));
  const Floats row = random_floats(columns, 5);
  if (can_quantize(dtype)) {
    quantize(dtype, row.data(), out.data(), columns);
  } else {
    const DTypeInfo& info = dtype_info(dtype);
    const Philox random(6, 1);
    for (int64_t i = 0; i < stride; ++i) out[i] = static_cast<uint8_t>(random.words(static_cast<uint64_t>(i))[0]);
    for (int64_t b = 0; b < stride; b += info.block_bytes) set_scales(dtype, &out[b]);
  }
  for (int64_t r = 1; r < rows; ++r) {  // rotated by whole blocks, so that rows differ
    const int64_t shift = r % (columns / dtype_info(dtype).block_elements) * dtype_info(dtype).block_bytes;
    std::memcpy(&out[r * stride], &out[shift], static_cast<size_t>(stride - shift));
    std::memcpy(&out[r * stride + stride - shift], &out[0], static_cast<size_t>(shift));
  }
  return out;
}

double relative_error(const float* actual, const Floats& expected) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(actual[i]) - expected[i]));
    largest = std::max(largest, std::fabs(static_cast<double>(expected[i])));
  }
  return largest > 0 ? worst / largest : worst;
}

}  // namespace chaku::bench
