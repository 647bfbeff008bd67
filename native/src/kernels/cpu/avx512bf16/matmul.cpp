// Large products on bfloat16: weights are decoded to float32, a panel at a time, and rounded while they are packed.
// Small products are bound by memory, and stay in float32.
#define CHAKU_ISA avx512bf16
#include "base/thread_pool.h"
#include "kernels/cpu/avx512bf16/gemm.h"
#include "kernels/cpu/avx512bf16/ops.h"
#include "kernels/cpu/generic/decode.inl"
#include "kernels/cpu/generic/groups.h"
#include "kernels/cpu/paths.h"

namespace chaku::avx512bf16 {

namespace {

constexpr int64_t kFewTokens = 8;
constexpr int64_t kForwardColumns = 128, kForwardDepth = 256;
constexpr int64_t kBackwardDepth = 128, kMostBackwardColumns = 256;
constexpr int64_t kRowsAhead = 8;  // of a weight, prefetched
constexpr int64_t kMostRows = 516;  // of split_work's blocks: 512 rounded up to whole tiles

// A thread's buffers: the block of A, the panels of B, and decoded rows.
struct Scratch {
  Bf16* a;
  Bf16* b;
  float* rows;

  static constexpr int64_t kA = kMostRows * kForwardDepth, kB = kForwardColumns * kForwardDepth;
  static constexpr int64_t kRows = kLanes * kForwardDepth;

  explicit Scratch(std::byte* memory)
      : a(reinterpret_cast<Bf16*>(memory)), b(a + kA), rows(reinterpret_cast<float*>(b + kB)) {}
};

static_assert((Scratch::kA + Scratch::kB) * 2 + Scratch::kRows * 4 <= ThreadPool::kScratchBytes);
static_assert(kBackwardDepth * kMostBackwardColumns <= Scratch::kB && 2 * kMostBackwardColumns <= Scratch::kRows);

// Weight rows [n, n + columns) by elements [k, k + depth): 16 rows by 32 elements at a time are rounded, and their
// pairs transposed as 32-bit words.
void pack_forward(const Rows& w, int64_t n, int64_t columns, int64_t k, int64_t depth, const Scratch& scratch) {
  const int64_t padded = round_up(depth, 2 * kLanes);
  for (int64_t c = 0; c < columns; c += kLanes) {
    for (int64_t i = 0; i < kLanes; ++i) {
      float* row = scratch.rows + i * kForwardDepth;
      const int64_t decoded = c + i < columns ? depth : 0;
      if (decoded > 0) {
        w.prefetch(min(n + c + i + kRowsAhead, w.rows - 1), k, depth);
        w.range(n + c + i, k, depth, row);
      }
      __builtin_memset(row + decoded, 0, static_cast<size_t>(padded - decoded) * sizeof(float));
    }
    Bf16* panel = scratch.b + (c / kPanelColumns * (kForwardDepth / 2) * kPanelColumns + c % kPanelColumns) * 2;
    for (int64_t d = 0; d < padded; d += 2 * kLanes) {
      F tile[kLanes];
      for (int i = 0; i < kLanes; ++i) {
        const float* at = scratch.rows + i * kForwardDepth + d;
        tile[i] = _mm512_castsi512_ps(round_pair(load(at), load(at + kLanes)));
      }
      transpose(tile);
      for (int i = 0; i < kLanes; ++i)
        _mm512_storeu_ps(panel + (d / 2 + i) * kPanelColumns * 2, tile[i]);
    }
  }
}

// Weight rows [n, n + depth) by elements [k, k + columns), two rows at a time.
void pack_backward(const Rows& w, int64_t n, int64_t depth, int64_t k, int64_t columns, const Scratch& scratch) {
  float *row0 = scratch.rows, *row1 = row0 + kMostBackwardColumns;
  for (int64_t d = 0; d < depth; d += 2) {
    for (int64_t i = 0; i < 2; ++i) w.prefetch(min(n + d + i + kRowsAhead, w.rows - 1), k, columns);
    w.range(n + d, k, columns, row0);
    if (d + 1 < depth) w.range(n + d + 1, k, columns, row1);
    pack_pair_b(row0, d + 1 < depth ? row1 : nullptr, columns, d / 2, scratch.b, kBackwardDepth / 2);
  }
}

}  // namespace

void matmul(const MatmulProblem& p, ThreadPool& pool) noexcept {
  if (p.m <= kFewTokens) return avx512vnni::table().matmul(p, pool);
  const Rows rows = Rows::of(p.w);
  const Split split = split_work(p.m, p.w.rows, p.w.rows >= 2048 ? kForwardColumns : kForwardColumns / 2);
  pool.parallel_for(split.units(), 1, [&](int64_t unit, int64_t, int thread) {
    const Scratch scratch(pool.scratch(thread));
    const int64_t n = unit / split.n_row_blocks * split.columns, m = unit % split.n_row_blocks * split.rows;
    const int64_t columns = min(split.columns, p.w.rows - n), tokens = min(split.rows, p.m - m);
    for (int64_t k = 0; k < p.w.columns; k += kForwardDepth) {
      const int64_t depth = min(kForwardDepth, p.w.columns - k);
      pack_forward(rows, n, columns, k, depth, scratch);
      pack_rows_a(p.x + m * p.x_stride + k, p.x_stride, tokens, depth, scratch.a, kForwardDepth);
      const Output out = {p.y + m * p.y_stride + n, p.y_stride, p.scale,
                          p.bias != nullptr && k == 0 ? p.bias + n : nullptr, p.accumulate || k > 0};
      multiply_block(tokens, {scratch.a, kForwardDepth}, scratch.b, kForwardDepth / 2, ceil_div(depth, 2), out,
                     columns);
    }
  });
}

void matmul_group(const MatmulGroup& group, ThreadPool& pool) noexcept {
  split_group(
      group, kFewTokens,
      [&](const MatmulProblem* few, int64_t n) { avx512vnni::table().matmul_group({few, n}, pool); },
      [&](const MatmulProblem& p) { matmul(p, pool); });
}

void matmul_backward(const MatmulBackwardProblem& p, ThreadPool& pool) noexcept {
  if (p.m <= kFewTokens) return avx512::table().matmul_backward(p, pool);
  const Rows rows = Rows::of(p.w);
  const bool fine = p.w.columns < 2048 && dtype_info(p.w.dtype).block_elements <= 128;
  const Split split = split_work(p.m, p.w.columns, fine ? 128 : kMostBackwardColumns);
  pool.parallel_for(split.units(), 1, [&](int64_t unit, int64_t, int thread) {
    const Scratch scratch(pool.scratch(thread));
    const int64_t k = unit / split.n_row_blocks * split.columns, m = unit % split.n_row_blocks * split.rows;
    const int64_t columns = min(split.columns, p.w.columns - k), tokens = min(split.rows, p.m - m);
    for (int64_t n = 0; n < p.w.rows; n += kBackwardDepth) {
      const int64_t depth = min(kBackwardDepth, p.w.rows - n);
      pack_backward(rows, n, depth, k, columns, scratch);
      pack_rows_a(p.dy + m * p.dy_stride + n, p.dy_stride, tokens, depth, scratch.a, kBackwardDepth);
      const Output out = {p.dx + m * p.dx_stride + k, p.dx_stride, p.scale, nullptr, p.accumulate || n > 0};
      multiply_block(tokens, {scratch.a, kBackwardDepth}, scratch.b, kBackwardDepth / 2, ceil_div(depth, 2), out,
                     columns);
    }
  });
}

}  // namespace chaku::avx512bf16
