// Large products with weights decoded panel by panel: no decoded copy of a weight outlives its panel, and no weight is
// ever transposed in memory as a whole.
//   forward    y = x wT: a panel holds 64 weight rows by 256 columns, transposed 16 x 16 at a time in registers.
//   backward   dx = dy w: a panel holds 128 weight rows by up to 256 columns, in the order in which they decode.
// A panel is used for up to 512 tokens, which makes decoding a few per cent of the work.
#pragma once

#include "base/thread_pool.h"
#include "kernels/cpu/generic/decode.inl"
#include "kernels/cpu/generic/gemm.inl"
#include "kernels/cpu/generic/gemv.inl"
#include "kernels/cpu/generic/ops.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kForwardColumns = 64;  // weight rows of a forward panel
constexpr int64_t kForwardDepth = 256;
constexpr int64_t kBackwardDepth = 128;  // weight rows of a backward panel
constexpr int64_t kMostBackwardColumns = 256;
constexpr int64_t kRowsAhead = 8;  // of a weight, prefetched

static_assert((kForwardColumns * kForwardDepth + kLanes * kForwardDepth) * 4 <= ThreadPool::kScratchBytes);
static_assert((kMostBackwardColumns * kBackwardDepth + kMostBackwardColumns) * 4 <= ThreadPool::kScratchBytes);
static_assert(kForwardDepth % kRangeAlignment == 0 && kMostBackwardColumns % kRangeAlignment == 0);

// Weight rows [n, n + columns) by elements [k, k + depth) to panels[column / kPanelColumns][depth][kPanelColumns]; the
// surplus columns of a last vector are zero.
static void pack_forward(const Rows& w, int64_t n, int64_t columns, int64_t k, int64_t depth, float* panels,
                         float* scratch) {
  for (int64_t c = 0; c < columns; c += kLanes) {
    for (int64_t i = 0; i < kLanes; ++i)
      if (c + i < columns) {
        w.prefetch(min(n + c + i + kRowsAhead, w.rows - 1), k, depth);
        w.range(n + c + i, k, depth, scratch + i * kForwardDepth);
      } else {
        __builtin_memset(scratch + i * kForwardDepth, 0, static_cast<size_t>(round_up(depth, 16)) * sizeof(float));
      }
    float* panel = panels + c / kPanelColumns * kForwardDepth * kPanelColumns + c % kPanelColumns;
    for (int64_t d = 0; d < depth; d += kLanes) {
      F tile[kLanes];
      for (int i = 0; i < kLanes; ++i) tile[i] = load(scratch + i * kForwardDepth + d);
      transpose(tile);
      for (int i = 0; i < kLanes; ++i) store(panel + (d + i) * kPanelColumns, tile[i]);
    }
  }
}

// Weight rows [n, n + depth) by elements [k, k + columns) to panels[column / kPanelColumns][depth][kPanelColumns].
static void pack_backward(const Rows& w, int64_t n, int64_t depth, int64_t k, int64_t columns, float* panels,
                          float* scratch) {
  const int64_t padded = round_up(columns, kLanes);
  for (int64_t d = 0; d < depth; ++d) {
    w.prefetch(min(n + d + kRowsAhead, w.rows - 1), k, columns);
    w.range(n + d, k, columns, scratch);
    for (int64_t c = 0; c < padded; c += kLanes)
      store(panels + (c / kPanelColumns * kBackwardDepth + d) * kPanelColumns + c % kPanelColumns, load(scratch + c));
  }
}

void matmul(const MatmulProblem& p, ThreadPool& pool) noexcept {
  if (p.m <= kMostGemvTokens) return gemv(&p, 1, pool);
  const Rows rows = Rows::of(p.w);
  const Split split = split_work(p.m, p.w.rows, kForwardColumns);
  pool.parallel_for(split.units(), 1, [&](int64_t unit, int64_t, int thread) {
    float* panels = reinterpret_cast<float*>(pool.scratch(thread));
    float* scratch = panels + kForwardColumns * kForwardDepth;
    const int64_t n = unit / split.n_row_blocks * split.columns, m = unit % split.n_row_blocks * split.rows;
    const int64_t columns = min(split.columns, p.w.rows - n), tokens = min(split.rows, p.m - m);
    for (int64_t k = 0; k < p.w.columns; k += kForwardDepth) {
      const int64_t depth = min(kForwardDepth, p.w.columns - k);
      pack_forward(rows, n, columns, k, depth, panels, scratch);
      const Output out = {p.y + m * p.y_stride + n, p.y_stride, p.scale,
                          p.bias != nullptr && k == 0 ? p.bias + n : nullptr, p.accumulate || k > 0};
      multiply_block(tokens, {p.x + m * p.x_stride + k, p.x_stride}, panels, kForwardDepth * kPanelColumns, depth, out,
                     columns);
    }
  });
}

void matmul_group(const MatmulGroup& group, ThreadPool& pool) noexcept {
  split_group(
      group, kMostGemvTokens, [&](const MatmulProblem* few, int64_t n) { gemv(few, n, pool); },
      [&](const MatmulProblem& p) { matmul(p, pool); });
}

void matmul_backward(const MatmulBackwardProblem& p, ThreadPool& pool) noexcept {
  const Rows rows = Rows::of(p.w);
  const bool fine = p.w.columns < 2048 && dtype_info(p.w.dtype).block_elements <= 128;
  const Split split = split_work(p.m, p.w.columns, fine ? 128 : kMostBackwardColumns);
  pool.parallel_for(split.units(), 1, [&](int64_t unit, int64_t, int thread) {
    float* panels = reinterpret_cast<float*>(pool.scratch(thread));
    float* scratch = panels + kMostBackwardColumns * kBackwardDepth;
    const int64_t k = unit / split.n_row_blocks * split.columns, m = unit % split.n_row_blocks * split.rows;
    const int64_t columns = min(split.columns, p.w.columns - k), tokens = min(split.rows, p.m - m);
    for (int64_t n = 0; n < p.w.rows; n += kBackwardDepth) {
      const int64_t depth = min(kBackwardDepth, p.w.rows - n);
      pack_backward(rows, n, depth, k, columns, panels, scratch);
      const Output out = {p.dx + m * p.dx_stride + k, p.dx_stride, p.scale, nullptr, p.accumulate || n > 0};
      multiply_block(tokens, {p.dy + m * p.dy_stride + n, p.dy_stride}, panels, kBackwardDepth * kPanelColumns, depth,
                     out, columns);
    }
  });
}

}  // namespace chaku::CHAKU_ISA
