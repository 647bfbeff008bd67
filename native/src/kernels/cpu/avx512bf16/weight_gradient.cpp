// dw += scale dyT x on bfloat16. One operand is streamed: rounded as pairs of rows into the panels that B is; of the
// other up to 96 columns are transposed and rounded to rows of A. The streamed one is x, or dy where that is the wider
// by far (the gradient of a low-rank B): what is summed then is dwT, and transposed as it is added. Gradients that
// stream the same matrix are made together, so that it is read once.
#define CHAKU_ISA avx512bf16
#include "kernels/cpu/avx512bf16/gemm.h"
#include "kernels/cpu/avx512bf16/ops.h"
#include "kernels/cpu/generic/groups.h"
#include "kernels/cpu/paths.h"
#include "kernels/queue.h"

namespace chaku::avx512bf16 {

namespace {

constexpr int64_t kRows = 96, kMostColumns = 256, kDepth = 256;
constexpr int64_t kRowsAhead = 16;  // of the streamed matrix, prefetched

static_assert((kRows + kMostColumns) * kDepth * 2 + kRows * kMostColumns * 4 <= ThreadPool::kScratchBytes);

// A matrix [m, columns].
struct Operand {
  const float* data;
  int64_t stride, columns;
};

// A gradient [rows, columns] or its transpose.
struct Gradient {
  Operand packed, streamed;
  int64_t m;
  float* dw;
  int64_t stride;  // of dw
  float scale;
  bool transposed;

  CHAKU_INLINE Gradient of(const WeightGradientProblem& p) {
    const Operand dy = {p.dy, p.dy_stride, p.n}, x = {p.x, p.x_stride, p.k};
    const bool transposed = p.k <= kRows && p.k < p.n;
    return {transposed ? x : dy, transposed ? dy : x, p.m, p.dw, p.k, p.scale, transposed};
  }
  bool joins(const Gradient& g) const {
    return streamed.data == g.streamed.data && streamed.stride == g.streamed.stride &&
           streamed.columns == g.streamed.columns && m == g.m;
  }
};

// Gradients that stream the same matrix: one, or several with at most kRows rows in all.
struct Batch {
  const Gradient* gradients;
  int64_t n, row_blocks, unit_columns, column_blocks;

  int64_t units() const { return row_blocks * column_blocks; }
};

// A thread's buffers: rows of A, panels of B, and sums that are transposed.
struct Scratch {
  Bf16 *a, *b;
  float* sums;

  explicit Scratch(std::byte* memory)
      : a(reinterpret_cast<Bf16*>(memory)),
        b(a + kRows * kDepth),
        sums(reinterpret_cast<float*>(b + kMostColumns * kDepth)) {}
};

// Rows [m, m + depth) by columns [c, c + columns) to packed[column][kDepth], depth padded with zeros to a multiple
// of 16.
void pack_transposed_a(const Operand& from, int64_t m, int64_t depth, int64_t c, int64_t columns, Bf16* packed) {
  for (int64_t r = 0; r < columns; r += kLanes)
    for (int64_t d = 0; d < depth; d += kLanes) {
      F tile[kLanes];
      for (int i = 0; i < kLanes; ++i)
        tile[i] = d + i < depth ? load_n(from.data + (m + d + i) * from.stride + c + r, columns - r) : zero();
      transpose(tile);
      for (int i = 0; i < kLanes; ++i)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(packed + (r + i) * kDepth + d),
                            reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(tile[i])));
    }
}

// Rows [m, m + depth) by columns [c, c + columns) to panels of pairs of rows. No hardware prefetcher follows parts of
// rows.
void pack_panels(const Operand& from, int64_t m, int64_t depth, int64_t m_end, int64_t c, int64_t columns,
                 Bf16* panels) {
  for (int64_t d = 0; d < depth; d += 2) {
    const float* row = from.data + (m + d) * from.stride + c;
    for (int64_t i = 0; i < 2 && m + d + kRowsAhead + i < m_end; ++i)
      for (int64_t at = 0; at < columns; at += kLanes) __builtin_prefetch(row + (kRowsAhead + i) * from.stride + at);
    pack_pair_b(row, d + 1 < depth ? row + from.stride : nullptr, columns, d / 2, panels, kDepth / 2);
  }
}

// dw[c + j][r] += scale * sums[r][j].
void add_transposed(const float* sums, int64_t rows, int64_t columns, float scale, float* dw, int64_t stride) {
  for (int64_t r = 0; r < rows; r += kLanes)
    for (int64_t j = 0; j < columns; j += kLanes) {
      F tile[kLanes];
      for (int i = 0; i < kLanes; ++i) tile[i] = r + i < rows ? load(sums + (r + i) * kMostColumns + j) : zero();
      transpose(tile);
      for (int64_t i = 0; i < kLanes && j + i < columns; ++i) {
        float* to = dw + (j + i) * stride + r;
        store_n(to, fma(tile[i], broadcast(scale), load_n(to, rows - r)), rows - r);
      }
    }
}

void run_unit(const Batch& batch, int64_t row, int64_t column, const Scratch& scratch) {
  const Operand& streamed = batch.gradients->streamed;
  const int64_t m_end = batch.gradients->m, columns = min(batch.unit_columns, streamed.columns - column);
  for (int64_t m = 0; m < m_end; m += kDepth) {
    const int64_t depth = min(kDepth, m_end - m);
    pack_panels(streamed, m, depth, m_end, column, columns, scratch.b);
    float* sums = scratch.sums;
    for (int64_t i = 0; i < batch.n; ++i) {
      const Gradient& g = batch.gradients[i];
      const int64_t rows = min(kRows, g.packed.columns - row);
      pack_transposed_a(g.packed, m, depth, row, rows, scratch.a);
      const Output apart = {sums, kMostColumns, 1.0f, nullptr, m > 0};
      const Output in_place = {g.dw + row * g.stride + column, g.stride, g.scale, nullptr, true};
      multiply_block(rows, {scratch.a, kDepth}, scratch.b, kDepth / 2, ceil_div(depth, 2),
                     g.transposed ? apart : in_place, columns);
      sums += rows * kMostColumns;
    }
  }
  const float* sums = scratch.sums;
  for (int64_t i = 0; i < batch.n; ++i) {
    const Gradient& g = batch.gradients[i];
    const int64_t rows = min(kRows, g.packed.columns - row);
    if (g.transposed) add_transposed(sums, rows, columns, g.scale, g.dw + column * g.stride + row, g.stride);
    sums += rows * kMostColumns;
  }
}

// As many of n gradients as go together with the first.
Batch next_batch(const Gradient* gradients, int64_t n) {
  constexpr int64_t kEnoughUnits = 8;
  Batch b = {gradients, 1, ceil_div(gradients->packed.columns, kRows), kMostColumns, 0};
  int64_t rows = gradients->packed.columns;
  while (b.n < n && gradients[b.n].joins(*gradients) && rows + gradients[b.n].packed.columns <= kRows)
    rows += gradients[b.n++].packed.columns;
  const int64_t columns = gradients->streamed.columns;
  while (b.unit_columns > kPanelColumns && b.row_blocks * ceil_div(columns, b.unit_columns) < kEnoughUnits)
    b.unit_columns /= 2;
  b.column_blocks = ceil_div(columns, b.unit_columns);
  return b;
}

void run_together(const WeightGradientProblem* problems, int64_t n, Queue& queue) {
  Gradient gradients[kMostTogether];
  Batch batches[kMostTogether];
  int64_t ends[kMostTogether], n_batches = 0, n_units = 0;  // ends: of the units of each batch
  for (int64_t i = 0; i < n; ++i) gradients[i] = Gradient::of(problems[i]);
  for (int64_t i = 0; i < n; i += batches[n_batches++].n) {
    batches[n_batches] = next_batch(gradients + i, n - i);
    ends[n_batches] = n_units += batches[n_batches].units();
  }
  queue.parallel_for(n_units, 1, [&](int64_t unit, int64_t, int thread) {
    int64_t i = 0;
    while (unit >= ends[i]) ++i;
    if (i > 0) unit -= ends[i - 1];
    const Batch& b = batches[i];
    run_unit(b, unit / b.column_blocks * kRows, unit % b.column_blocks * b.unit_columns,
             Scratch(queue.scratch(thread)));
  });
}

}  // namespace

void weight_gradient(const WeightGradientProblem& p, Queue& queue) noexcept { weight_gradient_group({&p, 1}, queue); }

void weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; i += kMostTogether)
    run_together(group.problems + i, min(kMostTogether, group.n - i), queue);
  for (int64_t i = 0; i < group.n; ++i) {
    if (group.problems[i].dbias == nullptr) continue;
    WeightGradientProblem bias = group.problems[i];  // without columns only the bias is left
    bias.k = 0;
    avx512::table().weight_gradient(bias, queue);
  }
}

}  // namespace chaku::avx512bf16
