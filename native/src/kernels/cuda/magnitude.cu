// The lengths of DoRA's rows: an element a thread, or a row or column a thread where sums have one order.
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/formats.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/magnitude.h"

namespace chaku::cuda {
namespace {

struct Magnify {
  MagnifyProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t n = i % p.n;
    const float value = p.scale * (p.factors[n] * p.p[i] + (p.bias != nullptr ? p.bias[n] : 0.0f));
    p.y[i] = p.accumulate ? p.y[i] + value : value;
  }
};

struct MagnifyBackward {
  MagnifyBackwardProblem p;
  CHAKU_DEVICE void operator()(int64_t n) const {
    const float factor = p.scale * p.factors[n];
    double sum = 0;
    for (int64_t m = 0; m < p.m; ++m) {
      const float dy = p.dy[m * p.n + n];
      float& product = p.p[m * p.n + n];
      sum += static_cast<double>(dy) * product;
      product = factor * dy;
    }
    p.dm[n] += static_cast<float>(sum * p.scale * p.inverse_lengths[n]);
  }
};

template <DType kType>
struct RowSquares {
  const uint8_t* w;
  int64_t row_bytes, columns;
  double* squares;
  CHAKU_DEVICE void operator()(int64_t row) const {
    double sum = 0;
    for (int64_t group = 0; group * kGroup < columns; ++group) {
      float values[kGroup];  // zeros behind the last add nothing
      decode_group<kType, true>(w + row * row_bytes, group, columns, values);
      CHAKU_UNROLL
      for (int j = 0; j < kGroup; ++j) sum += static_cast<double>(values[j]) * values[j];
    }
    squares[row] = sum;
  }
};

struct RowLengths {
  RowLengthsProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const float *b = p.b + i * p.rank, *h = p.h + i * p.rank;
    const double s = p.scale;
    double sum = p.squares[i];
    for (int64_t r = 0; r < p.rank; ++r) sum += s * b[r] * (2.0 * p.u[r * p.n + i] + s * h[r]);
    const float length = static_cast<float>(sqrt(sum > 0 ? sum : 0.0));
    if (p.begins) p.magnitudes[i] = length;
    p.inverse_lengths[i] = length > 0.0f ? 1.0f / length : 0.0f;
    p.factors[i] = length > 0.0f ? p.magnitudes[i] / length : 1.0f;
  }
};

}  // namespace

void magnify(const MagnifyProblem& p, Queue& queue) noexcept { for_each(queue, p.m * p.n, Magnify{p}); }
void magnify_backward(const MagnifyBackwardProblem& p, Queue& queue) noexcept {
  for_each_long(queue, p.n, MagnifyBackward{p});
}

void row_squares(const RowSquaresProblem& p, Queue& queue) noexcept {
  for_dtype(p.w.dtype, [&]<DType kType>() {
    for_each_long(queue, p.w.rows,
                  RowSquares<kType>{static_cast<const uint8_t*>(p.w.data), p.w.stride_bytes(), p.w.columns, p.squares});
  });
}

void row_lengths(const RowLengthsProblem& p, Queue& queue) noexcept { for_each_long(queue, p.n, RowLengths{p}); }

}  // namespace chaku::cuda
