// Weights are decoded 256 columns at a time: every block length divides 256, and no allocation is needed.
#include "kernels/matmul.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "kernels/reference/reference.h"
#include "quant/codec.h"

namespace chaku::reference {
namespace {

constexpr int64_t kColumns = 256;  // decoded at once
constexpr int64_t kTokens = 16;    // rows of x that share one decoding

// Columns [k, k + count) of row n.
void decode(const Matrix& w, int64_t n, int64_t k, int64_t count, float* out) {
  const DTypeInfo& info = dtype_info(w.dtype);
  const std::byte* row = static_cast<const std::byte*>(w.data) + n * w.stride_bytes();
  dequantize(w.dtype, row + k / info.block_elements * info.block_bytes, out, count);
}

// What the tail adds to row m, column n of a forward product, but for its scale.
double tail_sum(const LowRankTail& tail, int64_t m, int64_t n) {
  const float* w = static_cast<const float*>(tail.w.data) + n * tail.w.columns;
  double sum = 0;
  for (int64_t r = 0; r < tail.w.columns; ++r) sum += static_cast<double>(tail.x[m * tail.x_stride + r]) * w[r];
  return sum;
}

// That of a row of a forward product.
LowRankTail tail_of(const MatmulProblem& p, int64_t row) {
  if (p.n_tails == 0) return p.tail;
  for (const TailOfRows& part : std::span(p.tails, static_cast<size_t>(p.n_tails))) {
    if (row < part.begin || row >= part.end) continue;
    LowRankTail tail = part.tail;
    tail.x -= part.begin * tail.x_stride;
    return tail;
  }
  return {};
}

// sums[k] += what the tail adds to row m, columns [begin, begin + count) of a backward product.
void add_backward_tail(const LowRankTail& tail, int64_t m, int64_t begin, int64_t count, double* sums) {
  for (int64_t r = 0; r < tail.w.rows; ++r) {
    const float* w = static_cast<const float*>(tail.w.data) + r * tail.w.columns + begin;
    const double x = static_cast<double>(tail.scale) * tail.x[m * tail.x_stride + r];
    for (int64_t k = 0; k < count; ++k) sums[k] += x * w[k];
  }
}

// A step of activations as they are written for products with codes, see ActivationFormat.
void round_step(const float* x, int64_t count, float most, double* rounded) {
  float largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = std::isfinite(x[i]) ? std::max(largest, std::fabs(x[i])) : INFINITY;
  const bool finite = std::isfinite(largest);
  const float scale = finite ? (largest < kLeastActivation ? 0.0f : largest / most) : NAN;
  const float inverse = scale > 0.0f ? 1.0f / scale : 0.0f;
  for (int64_t i = 0; i < count; ++i)
    rounded[i] = finite ? std::nearbyint(x[i] * inverse) * static_cast<double>(scale) : double{NAN};
}

// Columns [k, k + count) of a row of x, k a multiple of kColumns, as they meet w.
void read_activations(const MatmulProblem& p, int64_t row, int64_t k, int64_t count, double* out) {
  const float* x = p.x + row * p.x_stride + k;
  const int64_t step =
      p.role == Role::kGenerated && p.activations != ActivationFormat::kF32 ? digit_step(p.w.dtype) : 0;
  const float most = static_cast<float>(most_integer(digits_of(p.activations)));
  if (step == 0)
    for (int64_t i = 0; i < count; ++i) out[i] = x[i];
  else
    for (int64_t i = 0; i < count; i += step) round_step(x + i, std::min(step, count - i), most, out + i);
}

}  // namespace

void matmul(const MatmulProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.w.rows, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t n = begin; n < end; ++n)
      for (int64_t m0 = 0; m0 < p.m; m0 += kTokens) {
        const int64_t tokens = std::min(kTokens, p.m - m0);
        double sums[kTokens] = {};
        for (int64_t k0 = 0; k0 < p.w.columns; k0 += kColumns) {
          const int64_t count = std::min(kColumns, p.w.columns - k0);
          float row[kColumns];
          decode(p.w, n, k0, count, row);
          for (int64_t m = 0; m < tokens; ++m) {
            double x[kColumns];
            read_activations(p, m0 + m, k0, count, x);
            for (int64_t k = 0; k < count; ++k) sums[m] += x[k] * row[k];
          }
        }
        for (int64_t m = 0; m < tokens; ++m) {
          const LowRankTail tail = tail_of(p, m0 + m);
          const bool apart = p.role == Role::kGenerated && !tail.empty();
          if (!tail.empty() && !apart) sums[m] += tail.scale * tail_sum(tail, m0 + m, n);
          float& y = p.y[(m0 + m) * p.y_stride + n];
          const double before = p.accumulate ? y : 0.0f, bias = p.bias ? p.bias[n] : 0.0f;
          y = static_cast<float>(before + p.scale * sums[m] + bias);
          if (apart) y = static_cast<float>(y + p.scale * tail.scale * tail_sum(tail, m0 + m, n));
        }
      }
  });
}

void matmul_group(const MatmulGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; ++i) matmul(group.problems[i], queue);
}

void matmul_backward(const MatmulBackwardProblem& p, Queue& queue) noexcept {
  constexpr int64_t kRows = 4;  // of dx at once, bounded by the stack
  queue.parallel_for(p.w.columns, kColumns, [&](int64_t begin, int64_t end, int) {
    for (int64_t m0 = 0; m0 < p.m; m0 += kRows) {
      const int64_t rows = std::min(kRows, p.m - m0), count = end - begin;
      double sums[kRows][kColumns] = {};
      for (int64_t n = 0; n < p.w.rows; ++n) {
        float row[kColumns];
        decode(p.w, n, begin, count, row);
        for (int64_t m = 0; m < rows; ++m)
          for (int64_t k = 0; k < count; ++k)
            sums[m][k] += static_cast<double>(p.dy[(m0 + m) * p.dy_stride + n]) * row[k];
      }
      for (int64_t m = 0; m < rows; ++m) {
        if (!p.tail.empty()) add_backward_tail(p.tail, m0 + m, begin, count, sums[m]);
        for (int64_t k = 0; k < count; ++k) {
          float& dx = p.dx[(m0 + m) * p.dx_stride + begin + k];
          dx = static_cast<float>((p.accumulate ? dx : 0.0f) + p.scale * sums[m][k]);
        }
      }
    }
  });
}

void matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; ++i) matmul_backward(group.problems[i], queue);
}

void weight_gradient(const WeightGradientProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t n = begin; n < end; ++n) {
      for (int64_t k = 0; k < p.k; ++k) {
        double sum = 0;
        for (int64_t m = 0; m < p.m; ++m)
          sum += static_cast<double>(p.dy[m * p.dy_stride + n]) * p.x[m * p.x_stride + k];
        float& dw = p.dw[n * p.k + k];
        dw = static_cast<float>(dw + p.scale * sum);
      }
      if (p.dbias == nullptr) continue;
      double sum = 0;
      for (int64_t m = 0; m < p.m; ++m) sum += p.dy[m * p.dy_stride + n];
      p.dbias[n] = static_cast<float>(p.dbias[n] + p.scale * sum);
    }
  });
}

void weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; ++i) weight_gradient(group.problems[i], queue);
}

void gather(const GatherProblem& p, Queue& queue) noexcept {
  const int64_t d = p.w.columns;
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      float* y = p.y + m * d;
      decode(p.w, p.ids[m], 0, d, y);
      for (int64_t i = 0; i < d; ++i) y[i] *= p.scale;
    }
  });
}

// Columns are split among threads, so that rows that recur are summed by one thread in the order of i.
void scatter_gradient(const ScatterGradientProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.d, 64, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = 0; i < p.m; ++i)
      for (int64_t d = begin; d < end; ++d) p.dw[p.ids[i] * p.d + d] += p.scale * p.dy[i * p.d + d];
  });
}

}  // namespace chaku::reference
