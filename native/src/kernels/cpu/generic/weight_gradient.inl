// dw += scale dyT x, cut into blocks of 96 x 256 of dw: dyT is packed (transposed in registers) and read as rows, x is
// packed into panels as it lies. And the two ops of an embedding: gather and its gradient.
#pragma once

#include "kernels/cpu/generic/decode.inl"
#include "kernels/cpu/generic/gemm.inl"
#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/panels.inl"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kGradientRows = 96, kGradientColumns = 256, kGradientDepth = 256;
constexpr int64_t kGradientPitch = kGradientDepth + 16;  // not a power of two: rows fall into different cache sets

static_assert((kGradientRows * kGradientPitch + kGradientColumns * kGradientDepth) * 4 <= ThreadPool::kScratchBytes);
static_assert(kGradientRows % kLanes == 0);

static void bias_gradient(const WeightGradientProblem& p, Queue& queue) {
  queue.parallel_for(p.n, 64, [&](int64_t begin, int64_t end, int) {
    for (int64_t n = begin; n < end; n += kLanes) {
      F total = zero();
      for (int64_t m = 0; m < p.m; ++m) total = total + load_n(p.dy + m * p.dy_stride + n, end - n);
      store_n(p.dbias + n, fma(total, broadcast(p.scale), load_n(p.dbias + n, end - n)), end - n);
    }
  });
}

void weight_gradient(const WeightGradientProblem& p, Queue& queue) noexcept {
  const int64_t n_columns = ceil_div(p.k, kGradientColumns), n_rows = ceil_div(p.n, kGradientRows);
  queue.parallel_for(n_columns * n_rows, 1, [&](int64_t unit, int64_t, int thread) {
    float* panels = reinterpret_cast<float*>(queue.scratch(thread));
    float* packed = panels + kGradientColumns * kGradientDepth;
    const int64_t n = unit / n_columns * kGradientRows, k = unit % n_columns * kGradientColumns;
    const int64_t rows = min(kGradientRows, p.n - n), columns = min(kGradientColumns, p.k - k);
    for (int64_t m = 0; m < p.m; m += kGradientDepth) {
      const int64_t depth = min(kGradientDepth, p.m - m);
      transpose_block(p.dy + m * p.dy_stride + n, p.dy_stride, depth, rows, packed, kGradientPitch);
      pack_rows(p.x + m * p.x_stride + k, p.x_stride, depth, columns, panels, kGradientDepth);
      multiply_block(rows, {packed, kGradientPitch}, panels, kGradientDepth * kPanelColumns, depth,
                     {p.dw + n * p.k + k, p.k, p.scale, nullptr, true}, columns);
    }
  });
  if (p.dbias != nullptr) bias_gradient(p, queue);
}

void weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; ++i) weight_gradient(group.problems[i], queue);
}

void gather(const GatherProblem& p, Queue& queue) noexcept {
  const Rows rows = Rows::of(p.w);
  const int64_t d = p.w.columns;
  constexpr int64_t kRange = 16 * kRangeAlignment;
  queue.parallel_for(p.m, 8, [&](int64_t begin, int64_t end, int thread) {
    float* scratch = reinterpret_cast<float*>(queue.scratch(thread));
    for (int64_t m = begin; m < end; ++m)
      for (int64_t k = 0; k < d; k += kRange) {
        const int64_t count = min(kRange, d - k);
        rows.range(p.ids[m], k, count, scratch);
        float* y = p.y + m * d + k;
        for (int64_t i = 0; i < count; i += kLanes) store_n(y + i, load(scratch + i) * broadcast(p.scale), count - i);
      }
  });
}

// Threads own columns, so that rows that recur are summed in the order of i.
void scatter_gradient(const ScatterGradientProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.d, 64, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = 0; i < p.m; ++i) {
      const float* dy = p.dy + i * p.d;
      float* dw = p.dw + p.ids[i] * p.d;
      for (int64_t d = begin; d < end; d += kLanes)
        store_n(dw + d, fma(load_n(dy + d, end - d), broadcast(p.scale), load_n(dw + d, end - d)), end - d);
    }
  });
}

}  // namespace chaku::CHAKU_ISA
