#include "kernels/rows.h"

#include <algorithm>
#include <cstring>

#include "base/random.h"
#include "kernels/reference/reference.h"
#include "quant/codec.h"

namespace chaku::reference {
namespace {

constexpr int64_t kGrain = 1 << 14;  // floats

// Whole rows of about as many floats.
int64_t row_grain(int64_t d) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, d)); }

// sums[n] += a row of the product, columns from `at` on: four terms a passage, one after another.
void add_low_rank(const MergeRowsProblem& p, int64_t row, int64_t at, int64_t n, double* sums) noexcept {
  const float* b = p.b + row * p.rank;
  const float* a = p.a + at;
  const int64_t k = p.w.columns;
  const auto factor = [&](int64_t r) { return double{p.scale} * b[r]; };
  int64_t r = 0;
  for (; r + 4 <= p.rank; r += 4) {
    const double c0 = factor(r), c1 = factor(r + 1), c2 = factor(r + 2), c3 = factor(r + 3);
    const float *a0 = a + r * k, *a1 = a0 + k, *a2 = a1 + k, *a3 = a2 + k;
    for (int64_t i = 0; i < n; ++i) sums[i] = sums[i] + c0 * a0[i] + c1 * a1[i] + c2 * a2[i] + c3 * a3[i];
  }
  for (; r < p.rank; ++r)
    for (int64_t i = 0; i < n; ++i) sums[i] += factor(r) * a[r * k + i];
}

bool keeps_blocks(const MergeRowsProblem& p, int64_t row) noexcept {
  const float* b = p.b + row * p.rank;
  return p.dtype == p.w.dtype && std::all_of(b, b + p.rank, [](float v) { return v == 0.0f; });
}

}  // namespace

void copy_rows(const CopyRowsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, row_grain(p.d), [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x = p.x + m * p.x_stride;
      float* y = p.y + m * p.y_stride;
      if (p.scale == 1.0f)
        std::memcpy(y, x, static_cast<size_t>(p.d) * sizeof(float));
      else
        for (int64_t i = 0; i < p.d; ++i) y[i] = p.scale * x[i];
    }
  });
}

void mean_rows(const MeanRowsProblem& p, Queue& queue) noexcept {
  constexpr int64_t kColumns = 256;  // summed at once
  const int64_t n_parts = (p.d + kColumns - 1) / kColumns;
  queue.parallel_for(p.n * n_parts, 1, [&](int64_t first, int64_t last, int) {
    for (int64_t at = first; at < last; ++at) {
      const int64_t n = at / n_parts, column = at % n_parts * kColumns, width = std::min(kColumns, p.d - column);
      const int64_t begin = p.begins[n], end = p.ends[n];
      double sums[kColumns] = {};
      for (int64_t m = begin; m < end; ++m)
        for (int64_t i = 0; i < width; ++i) sums[i] += p.x[m * p.d + column + i];
      const double count = static_cast<double>(end - begin);
      for (int64_t i = 0; i < width; ++i) p.y[n * p.d + column + i] = static_cast<float>(sums[i] / count);
    }
  });
}

void scatter_rows(const ScatterRowsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, row_grain(p.d), [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m)
      std::memcpy(p.y + p.ids[m] * p.d, p.x + m * p.d, static_cast<size_t>(p.d) * sizeof(float));
  });
}

void fill(const FillProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, 1 << 16,
                     [&](int64_t begin, int64_t end, int) { std::fill(p.y + begin, p.y + end, p.value); });
}

void encode_rows(const EncodeRowsProblem& p, Queue& queue) noexcept {
  const int64_t n_bytes = row_bytes(p.dtype, p.width);
  queue.parallel_for(p.m, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m)
      quantize(p.dtype, p.x + m * p.width, static_cast<std::byte*>(p.y) + (p.ids == nullptr ? m : p.ids[m]) * n_bytes,
               p.width, p.importance);
  });
}

void decode_rows(const DecodeRowsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.w.rows, 16, [&](int64_t begin, int64_t end, int) {
    const std::byte* from = static_cast<const std::byte*>(p.w.data) + begin * p.w.stride_bytes();
    dequantize(p.w.dtype, from, p.y + begin * p.w.columns, (end - begin) * p.w.columns);
  });
}

void merge_rows(const MergeRowsProblem& p, Queue& queue) noexcept {
  constexpr int64_t kPiece = 1024;  // columns, whole blocks of every format: R rows of a stay in the cache
  const int64_t k = p.w.columns, from_bytes = p.w.stride_bytes(), to_bytes = row_bytes(p.dtype, k);
  queue.parallel_for(p.w.rows, row_grain(k), [&](int64_t begin, int64_t end, int) {
    float values[kPiece];
    double sums[kPiece];
    for (int64_t at = 0; at < k; at += kPiece) {
      const int64_t n = std::min(kPiece, k - at);
      for (int64_t row = begin; row < end; ++row) {
        const std::byte* from = static_cast<const std::byte*>(p.w.data) + row * from_bytes + row_bytes(p.w.dtype, at);
        std::byte* to = static_cast<std::byte*>(p.y) + row * to_bytes + row_bytes(p.dtype, at);
        if (keeps_blocks(p, row)) {
          std::memcpy(to, from, static_cast<size_t>(row_bytes(p.dtype, n)));
          continue;
        }
        dequantize(p.w.dtype, from, values, n);
        std::copy_n(values, n, sums);
        add_low_rank(p, row, at, n, sums);
        std::transform(sums, sums + n, values, [](double sum) { return static_cast<float>(sum); });
        quantize(p.dtype, values, to, n);
      }
    }
  });
}

void column_squares(const ColumnSquaresProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.k, 256, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = 0; m < p.m; ++m)
      for (int64_t c = begin; c < end; ++c) p.sums[c] += double{p.x[m * p.k + c]} * p.x[m * p.k + c];
  });
}

void uniform(const UniformProblem& p, Queue& queue) noexcept {
  const Philox random(p.seed, p.stream);
  queue.parallel_for(p.n, 4096, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) p.y[i] = p.bound * (2.0f * random.uniform(static_cast<uint64_t>(i)) - 1.0f);
  });
}

}  // namespace chaku::reference
