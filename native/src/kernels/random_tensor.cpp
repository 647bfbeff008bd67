#include "kernels/random_tensor.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "quant/codec.h"

namespace chaku {

void fill_random(const Matrix& matrix, std::byte* bytes, const RandomValues& values, Queue& queue) {
  constexpr int64_t kPatternElements = 1 << 18;
  const int64_t stride = matrix.stride_bytes();
  const int64_t pattern_rows = std::min(matrix.rows, std::max<int64_t>(16, kPatternElements / matrix.columns));
  std::vector<float> rows(static_cast<size_t>(queue.n_threads()) * static_cast<size_t>(matrix.columns));
  queue.parallel_for(pattern_rows, 1, [&](int64_t begin, int64_t end, int thread) {
    float* row = rows.data() + int64_t{thread} * matrix.columns;
    for (int64_t r = begin; r < end; ++r) {
      const Philox random(values.seed, static_cast<uint64_t>(r));
      for (int64_t i = 0; i < matrix.columns; ++i)
        row[i] = values.mean + values.deviation * random.normal(static_cast<uint64_t>(i));
      if (matrix.dtype == DType::kF32)
        std::memcpy(bytes + r * stride, row, static_cast<size_t>(stride));
      else
        quantize(matrix.dtype, row, bytes + r * stride, matrix.columns);
    }
  });
  queue.parallel_for(matrix.rows - pattern_rows, 64, [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r)
      std::memcpy(bytes + (pattern_rows + r) * stride, bytes + r % pattern_rows * stride, static_cast<size_t>(stride));
  });
}

}  // namespace chaku
