#include "kernels/random_tensor.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "quant/codec.h"
#include "test.h"

using namespace chaku;

namespace {

std::vector<std::byte> filled(DType dtype, int64_t rows, int64_t columns, int n_threads, uint64_t seed) {
  std::vector<std::byte> bytes(static_cast<size_t>(row_bytes(dtype, columns) * rows));
  Queue queue(n_threads);
  fill_random({bytes.data(), dtype, rows, columns}, bytes.data(), {0.5f, 2.0f, seed}, queue);
  return bytes;
}

}  // namespace

TEST(values_follow_the_distribution) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0}) {
    const int64_t rows = 20, columns = 2048;
    const auto bytes = filled(dtype, rows, columns, 2, 3);
    std::vector<float> values(static_cast<size_t>(rows * columns));
    dequantize(dtype, bytes.data(), values.data(), rows * columns);
    double sum = 0, squares = 0;
    for (const float v : values) sum += v, squares += (v - 0.5) * (v - 0.5);
    const double n = static_cast<double>(values.size());
    CHECK(std::fabs(sum / n - 0.5) < 0.05);
    CHECK(std::fabs(std::sqrt(squares / n) - 2.0) < 0.05);
  }
}

TEST(reproducible_whatever_the_threads) {
  CHECK(filled(DType::kQ8_0, 300, 2048, 1, 3) == filled(DType::kQ8_0, 300, 2048, 3, 3));
  CHECK(filled(DType::kF32, 5, 64, 1, 3) != filled(DType::kF32, 5, 64, 1, 4));
}

TEST(rows_repeat_after_the_pattern) {
  const auto bytes = filled(DType::kF32, 300, 4096, 2, 3);  // a pattern of 64 rows
  const size_t stride = 4096 * sizeof(float);
  CHECK(std::memcmp(bytes.data(), bytes.data() + 64 * stride, stride) == 0);
  CHECK(std::memcmp(bytes.data(), bytes.data() + stride, stride) != 0);
}
