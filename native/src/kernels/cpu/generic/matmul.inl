// Products with weights decoded panel by panel: no decoded copy of a weight outlives its panel, and no weight is
// ever transposed in memory as a whole.
//   forward    y = x wT: a panel holds 64 weight rows by 256 columns, transposed 16 x 16 at a time in registers.
//   backward   dx = dy w: a panel holds 128 weight rows by up to 256 columns, in the order in which they decode.
// A panel is used for up to 512 tokens, which makes decoding a few per cent of the work.
#pragma once

#include "kernels/cpu/generic/decode.inl"
#include "kernels/cpu/generic/gemm.inl"
#include "kernels/cpu/generic/gemv.inl"
#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/tails.h"
#include "kernels/cpu/paths.h"
#include "kernels/queue.h"

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

// A block of a product in the making, and the memory of the thread that makes it.
struct Block {
  int64_t row, rows, column, columns;
  Output out;
  float *panels, *scratch;

  void multiply(const float* left, int64_t stride, int64_t panel_stride, int64_t depth) {
    multiply_block(rows, {left + row * stride, stride}, panels, panel_stride, depth, out, columns);
    out.bias = nullptr;
    out.add = true;
  }
};

// b.out (+)= x w^T, in blocks of the depth.
static void add_forward(const float* x, int64_t x_stride, const Rows& w, int64_t total_depth, Block& b) {
  for (int64_t k = 0; k < total_depth; k += kForwardDepth) {
    const int64_t depth = min(kForwardDepth, total_depth - k);
    pack_forward(w, b.column, b.columns, k, depth, b.panels, b.scratch);
    b.multiply(x + k, x_stride, kForwardDepth * kPanelColumns, depth);
  }
}

// b.out (+)= dy w.
static void add_backward(const float* dy, int64_t dy_stride, const Rows& w, Block& b) {
  for (int64_t n = 0; n < w.rows; n += kBackwardDepth) {
    const int64_t depth = min(kBackwardDepth, w.rows - n);
    pack_backward(w, n, depth, b.column, b.columns, b.panels, b.scratch);
    b.multiply(dy + n, dy_stride, kBackwardDepth * kPanelColumns, depth);
  }
}

static Block block_of(const Split& split, int64_t unit, int64_t m, int64_t n, float* scratch, int64_t panel_floats) {
  Block b = {};
  b.column = unit / split.n_row_blocks * split.columns;
  b.row = unit % split.n_row_blocks * split.rows;
  b.columns = min(split.columns, n - b.column);
  b.rows = min(split.rows, m - b.row);
  b.panels = scratch;
  b.scratch = scratch + panel_floats;
  return b;
}

void matmul(const MatmulProblem& p, Queue& queue) noexcept {
  if (is_few(p)) return matmul_group({&p, 1}, queue);
  const Rows rows = Rows::of(p.w);
  const Split split = split_work(p.m, p.w.rows, kForwardColumns);
  queue.parallel_for(split.units(), 1, [&](int64_t unit, int64_t, int thread) {
    Block b = block_of(split, unit, p.m, p.w.rows, reinterpret_cast<float*>(queue.scratch(thread)),
                       kForwardColumns * kForwardDepth);
    b.out = {p.y + b.row * p.y_stride + b.column, p.y_stride, p.scale, p.bias != nullptr ? p.bias + b.column : nullptr,
             p.accumulate};
    add_forward(p.x, p.x_stride, rows, p.w.columns, b);
    tails_of(p).for_rows(b.row, b.row + b.rows, [&](int64_t begin, int64_t end, const LowRankTail* tail) {
      if (tail == nullptr) return;
      Block part = b;
      part.row = 0;  // of the tail's x
      part.rows = end - begin;
      part.out = b.out.at(begin - b.row, 0);
      part.out.scale = p.scale * tail->scale;
      add_forward(tail->x, tail->x_stride, Rows::of(tail->w), tail->w.columns, part);
    });
  });
}

void matmul_group(const MatmulGroup& group, Queue& queue) noexcept {
  split_group(
      group.problems, group.n,
      [&](const MatmulProblem* few, int64_t n) {
#ifndef CHAKU_CODES
        if (few[0].activations != ActivationFormat::kF32) return avx2::table().matmul_group({few, n}, queue);
#endif
        run_few(few, n, [&](const MatmulProblem* products, int64_t n_products) { gemv(products, n_products, queue); });
      },
      [&](const MatmulProblem* large, int64_t n) {
        for (int64_t i = 0; i < n; ++i) matmul(large[i], queue);
      });
}

void matmul_backward(const MatmulBackwardProblem& p, Queue& queue) noexcept {
  const Rows rows = Rows::of(p.w);
  const bool fine = p.w.columns < 2048 && dtype_info(p.w.dtype).block_elements <= 128;
  const Split split = split_work(p.m, p.w.columns, fine ? 128 : kMostBackwardColumns);
  queue.parallel_for(split.units(), 1, [&](int64_t unit, int64_t, int thread) {
    Block b = block_of(split, unit, p.m, p.w.columns, reinterpret_cast<float*>(queue.scratch(thread)),
                       kMostBackwardColumns * kBackwardDepth);
    b.out = {p.dx + b.row * p.dx_stride + b.column, p.dx_stride, p.scale, nullptr, p.accumulate};
    add_backward(p.dy, p.dy_stride, rows, b);
    if (p.tail.empty()) return;
    b.out.scale = p.scale * p.tail.scale;
    add_backward(p.tail.x, p.tail.x_stride, Rows::of(p.tail.w), b);
  });
}

void matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; ++i) matmul_backward(group.problems[i], queue);
}

}  // namespace chaku::CHAKU_ISA
