// dw += scale dyT x on bfloat16, in blocks of 96 x 256 of dw: dyT is transposed as floats and rounded, x is rounded as
// pairs of rows.
#define CHAKU_ISA avx512bf16
#include "base/thread_pool.h"
#include "kernels/cpu/avx512bf16/gemm.h"
#include "kernels/cpu/avx512bf16/ops.h"
#include "kernels/cpu/paths.h"

namespace chaku::avx512bf16 {

namespace {

constexpr int64_t kRows = 96, kColumns = 256, kDepth = 256;

static_assert((kRows + kColumns) * kDepth * 2 <= ThreadPool::kScratchBytes);

// dy[m, m + depth) x [n, n + rows) to packed[row][kDepth], depth padded with zeros to a multiple of 16.
void pack_transposed_a(const WeightGradientProblem& p, int64_t m, int64_t depth, int64_t n, int64_t rows,
                       Bf16* packed) {
  for (int64_t r = 0; r < rows; r += kLanes)
    for (int64_t d = 0; d < depth; d += kLanes) {
      F tile[kLanes];
      for (int i = 0; i < kLanes; ++i)
        tile[i] = d + i < depth ? load_n(p.dy + (m + d + i) * p.dy_stride + n + r, rows - r) : zero();
      transpose(tile);
      for (int i = 0; i < kLanes; ++i)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(packed + (r + i) * kDepth + d),
                            reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(tile[i])));
    }
}

}  // namespace

void weight_gradient(const WeightGradientProblem& p, ThreadPool& pool) noexcept {
  const int64_t n_columns = ceil_div(p.k, kColumns), n_rows = ceil_div(p.n, kRows);
  pool.parallel_for(n_columns * n_rows, 1, [&](int64_t unit, int64_t, int thread) {
    Bf16* packed = reinterpret_cast<Bf16*>(pool.scratch(thread));
    Bf16* panels = packed + kRows * kDepth;
    const int64_t n = unit / n_columns * kRows, k = unit % n_columns * kColumns;
    const int64_t rows = min(kRows, p.n - n), columns = min(kColumns, p.k - k);
    for (int64_t m = 0; m < p.m; m += kDepth) {
      const int64_t depth = min(kDepth, p.m - m);
      pack_transposed_a(p, m, depth, n, rows, packed);
      for (int64_t d = 0; d < depth; d += 2) {
        const float* row = p.x + (m + d) * p.x_stride + k;
        pack_pair_b(row, d + 1 < depth ? row + p.x_stride : nullptr, columns, d / 2, panels, kDepth / 2);
      }
      multiply_block(rows, {packed, kDepth}, panels, kDepth / 2, ceil_div(depth, 2),
                     {p.dw + n * p.k + k, p.k, p.scale, nullptr, true}, columns);
    }
  });
  if (p.dbias == nullptr) return;
  WeightGradientProblem bias = p;  // without columns only the bias is left
  bias.k = 0;
  avx512::table().weight_gradient(bias, pool);
}

}  // namespace chaku::avx512bf16
