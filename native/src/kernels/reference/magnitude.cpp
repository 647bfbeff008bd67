#include "kernels/magnitude.h"

#include <algorithm>
#include <cmath>

#include "kernels/reference/reference.h"
#include "quant/codec.h"

namespace chaku::reference {
namespace {

constexpr int64_t kGrain = 1 << 14;  // floats

// Whole rows of about as many floats.
int64_t row_grain(int64_t n) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, n)); }

}  // namespace

void magnify(const MagnifyProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, row_grain(p.n), [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* from = p.p + m * p.n;
      float* y = p.y + m * p.n;
      for (int64_t i = 0; i < p.n; ++i) {
        const float value = p.scale * (p.factors[i] * from[i] + (p.bias != nullptr ? p.bias[i] : 0.0f));
        y[i] = p.accumulate ? y[i] + value : value;
      }
    }
  });
}

void magnify_backward(const MagnifyBackwardProblem& p, Queue& queue) noexcept {
  constexpr int64_t kColumns = 64;  // summed at once
  queue.parallel_for((p.n + kColumns - 1) / kColumns, 1, [&](int64_t first, int64_t last, int) {
    for (int64_t part = first; part < last; ++part) {
      const int64_t at = part * kColumns, n = std::min(kColumns, p.n - at);
      double sums[kColumns] = {};
      for (int64_t m = 0; m < p.m; ++m) {
        const float* dy = p.dy + m * p.n + at;
        float* product = p.p + m * p.n + at;
        for (int64_t i = 0; i < n; ++i) {
          sums[i] += double{dy[i]} * product[i];
          product[i] = p.scale * p.factors[at + i] * dy[i];
        }
      }
      for (int64_t i = 0; i < n; ++i) p.dm[at + i] += static_cast<float>(sums[i] * p.scale * p.inverse_lengths[at + i]);
    }
  });
}

void row_squares(const RowSquaresProblem& p, Queue& queue) noexcept {
  constexpr int64_t kPiece = 1024;  // columns, whole blocks of every format
  queue.parallel_for(p.w.rows, row_grain(p.w.columns), [&](int64_t begin, int64_t end, int) {
    float values[kPiece];
    for (int64_t row = begin; row < end; ++row) {
      double sum = 0.0;
      for (int64_t at = 0; at < p.w.columns; at += kPiece) {
        const int64_t n = std::min(kPiece, p.w.columns - at);
        const std::byte* from =
            static_cast<const std::byte*>(p.w.data) + row * p.w.stride_bytes() + row_bytes(p.w.dtype, at);
        dequantize(p.w.dtype, from, values, n);
        for (int64_t i = 0; i < n; ++i) sum += double{values[i]} * values[i];
      }
      p.squares[row] = sum;
    }
  });
}

void row_lengths(const RowLengthsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, row_grain(p.rank), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      double sum = p.squares[i];
      const float *b = p.b + i * p.rank, *h = p.h + i * p.rank;
      const double s = p.scale;
      for (int64_t r = 0; r < p.rank; ++r) sum += s * b[r] * (2.0 * p.u[r * p.n + i] + s * h[r]);
      const float length = static_cast<float>(std::sqrt(std::max(sum, 0.0)));
      if (p.begins) p.magnitudes[i] = length;
      p.inverse_lengths[i] = length > 0.0f ? 1.0f / length : 0.0f;
      p.factors[i] = length > 0.0f ? p.magnitudes[i] / length : 1.0f;
    }
  });
}

}  // namespace chaku::reference
