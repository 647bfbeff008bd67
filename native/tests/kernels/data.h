// Random inputs for the kernel tests: vectors, padded matrices, and weights in every block format.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/half.h"
#include "base/random.h"
#include "kernels/matmul.h"
#include "quant/codec.h"

namespace chaku::test {

inline std::vector<float> random_vector(int64_t n, uint64_t seed, float scale = 1.0f) {
  const Philox random(seed, 7);
  std::vector<float> out(static_cast<size_t>(n));
  for (size_t i = 0; i < out.size(); ++i) out[i] = scale * random.normal(i);
  return out;
}

// Every format that the core knows.
inline std::vector<DType> all_dtypes() {
  std::vector<DType> out;
  for (int32_t id = 0; id < 256; ++id)
    if (find_dtype(id) != nullptr) out.push_back(static_cast<DType>(id));
  return out;
}

// Where a block keeps its float16 scales: random bytes there would decode to infinities.
inline std::vector<int> half_offsets(DType dtype) {
  switch (dtype) {
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K: return {0, 2};
    case DType::kQ2_K: return {80, 82};
    case DType::kQ3_K: return {108};
    case DType::kQ6_K: return {208};
    case DType::kTQ1_0: return {52};
    case DType::kTQ2_0: return {64};
    case DType::kMXFP4:
    case DType::kNVFP4:
    case DType::kIQ1_M: return {};
    default: return {0};
  }
}

// One block of random codes whose values stay within a few units.
inline void random_block(DType dtype, const DTypeInfo& info, const Philox& random, uint64_t at, uint8_t* block) {
  for (int i = 0; i < info.block_bytes; ++i)
    block[i] = static_cast<uint8_t>(random.words(at * 64 + static_cast<uint64_t>(i) / 4)[i % 4]);
  const float unit = info.block_elements == 256 ? 1.0f / 32 : 1.0f;  // super-blocks multiply by a scale of up to 6 bits
  const float scale = unit * (0.002f + 0.02f * random.uniform(at));
  for (const int offset : half_offsets(dtype)) {
    const uint16_t half = f32_to_f16(scale);
    std::memcpy(block + offset, &half, 2);
  }
  if (dtype == DType::kMXFP4) block[0] = static_cast<uint8_t>(118 + (block[0] & 7));  // an exponent of 2
  if (dtype == DType::kNVFP4)
    for (int i = 0; i < 4; ++i) block[i] = static_cast<uint8_t>(block[i] & 0x3f);  // unsigned 8-bit floats below 2
  if (dtype == DType::kIQ1_M) block[55] = static_cast<uint8_t>(0x20 | (block[55] & 0xf));  // top nibble of the scale
}

struct Weights {
  std::vector<uint8_t> bytes;
  Matrix matrix;
};

// [rows, columns]; columns must be a multiple of the block. One byte of padding in front makes the data unaligned.
inline Weights random_weights(DType dtype, int64_t rows, int64_t columns, uint64_t seed) {
  const DTypeInfo& info = dtype_info(dtype);
  Weights w;
  w.bytes.resize(static_cast<size_t>(1 + rows * row_bytes(dtype, columns)));
  const Philox random(seed, 3);
  const int64_t n_blocks = rows * columns / info.block_elements;
  for (int64_t i = 0; i < n_blocks; ++i) {
    uint8_t* block = w.bytes.data() + 1 + i * info.block_bytes;
    const float value = 0.1f * random.normal(static_cast<uint64_t>(i));
    const uint16_t half = dtype == DType::kF16 ? f32_to_f16(value) : f32_to_bf16(value);
    if (dtype == DType::kF32)
      std::memcpy(block, &value, 4);
    else if (dtype == DType::kF16 || dtype == DType::kBF16)
      std::memcpy(block, &half, 2);
    else
      random_block(dtype, info, random, static_cast<uint64_t>(i), block);
  }
  w.matrix = {w.bytes.data() + 1, dtype, rows, columns};
  return w;
}

inline std::vector<float> decoded(const Matrix& w) {
  std::vector<float> out(static_cast<size_t>(w.rows * w.columns));
  dequantize(w.dtype, w.data, out.data(), w.rows * w.columns);
  return out;
}

}  // namespace chaku::test
