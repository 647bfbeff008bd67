// The driver of all large products: c[m, columns] (+)= scale * rows[m, depth] * columns[depth, columns] + bias.
//
// The rows (activations or their gradients) are rounded and packed once, by all threads, into the memory that a turn at
// the pool shares. Then each unit of work, up to 512 rows by up to 256 columns of c, walks the depth in blocks of 256:
// it multiplies a block of the columns (a weight, decoded into 128 KB) while it makes the next one, an item after each
// product of strips. Decoding is thus hidden behind the tiles as far as the processor reorders, and no decoded weight
// outlives its block. Sums stay in tile order in the thread's scratch until the last block; then they are scaled and
// stored by rows, past the caches where c is large.
//   per unit: packed rows 256 KB a block, columns 2 x 128 KB, sums 512 KB, of 2 MB of second-level cache.
// The cut depends on shapes alone: each element of c is summed in the same order with any number of threads.
#pragma once

#ifndef CHAKU_ISA
#define CHAKU_ISA amx
#endif

#include "base/thread_pool.h"
#include "kernels/cpu/amx/operands.h"

namespace chaku::amx {

struct Product {
  int64_t m, depth, columns;
  int64_t column_step;  // columns of a unit are a multiple of it, or all
  float* c;
  int64_t stride;
  float scale;
  const float* bias;  // of the columns, or null
  bool add;
};

constexpr int64_t kMostRows = 512;  // of a unit
constexpr int64_t kPassDepth = 8192;
constexpr int64_t kStagingElements = kTileSide * kMostRange;
constexpr int64_t kSumsBytes = kMostRows * kMostColumns * 4;

static_assert((2 * kBlockElements + kStagingElements) * 2 + kSumsBytes <= ThreadPool::kScratchBytes);
static_assert(kMostRows * kPassDepth * 2 <= ThreadPool::Turn::kSharedBytes);

// The part of a product that is packed at once, and how it is cut into units.
struct Pass {
  int64_t row, rows, d, depth;
  int64_t unit_rows, unit_columns, row_units, column_units;
  Bf16* packed;

  int64_t steps() const { return ceil_div(depth, kStepDepth); }
  Bf16* strip(int64_t first_row, int64_t depth_offset) const {
    return packed + (first_row / kStrip * steps() + depth_offset / kStepDepth) * kStepElements;
  }
};

// Narrower units where there would be few, but not so narrow that the packed rows, each block of which a unit reads
// once for every 32 columns, would come from beyond the second-level cache all the time.
CHAKU_INLINE void cut(const Product& p, Pass& pass) {
  constexpr int64_t kCached = int64_t{1} << 20;
  pass.unit_rows = min(kMostRows, round_up(pass.rows, kStrip));
  pass.row_units = ceil_div(pass.rows, pass.unit_rows);
  const bool cached = pass.unit_rows * pass.steps() * kStepDepth * 2 <= kCached;
  const int64_t least = max(cached ? kStrip : 4 * kStrip, p.column_step), enough = cached ? 16 : 8;
  pass.unit_columns = kMostColumns;
  while (pass.unit_columns / 2 >= least && pass.row_units * ceil_div(p.columns, pass.unit_columns) < enough)
    pass.unit_columns /= 2;
  pass.column_units = ceil_div(p.columns, pass.unit_columns);
}

// One unit of work, and its place in the scratch of the thread.
template <class Columns>
struct Unit {
  const Product& p;
  const Pass& pass;
  const Columns& source;
  int64_t row, rows, column, columns;  // in the pass and in the product
  Bf16* blocks;
  Bf16* staging;
  float* sums;

  int64_t row_strips() const { return ceil_div(rows, kStrip); }
  int64_t column_strips() const { return ceil_div(columns, kStrip); }
  float* sums_of(int64_t column_strip, int64_t row_strip) const {
    return sums + (column_strip * row_strips() + row_strip) * kSums;
  }

  BlockPlan block(int64_t number) const {
    const int64_t d = number * kBlockDepth;
    return {pass.d + d, min(kBlockDepth, pass.depth - d), column, columns, blocks + number % 2 * kBlockElements,
            staging};
  }

  void multiply(const BlockPlan& b, int64_t number, int64_t i, int64_t j) const {
    const int64_t offset = number * kBlockDepth;
    const Bf16* strip = pass.strip(row + i * kStrip, offset);
    const Bf16* next = pass.strip(row + (i + 1 < row_strips() ? i + 1 : 0) * kStrip, offset);
    const bool two_rows = rows - i * kStrip > kTileSide, two_columns = columns - j * kStrip > kTileSide;
    const auto kernel = two_rows ? two_columns ? multiply_strips<2, 2> : multiply_strips<2, 1>
                                 : two_columns ? multiply_strips<1, 2> : multiply_strips<1, 1>;
    kernel(strip, b.step(j, 0), sums_of(j, i), b.steps(), number > 0, next);
  }

  void finish(int64_t i, int64_t j, bool past_caches) const {
    const float* from = sums_of(j, i);
    const int64_t n_rows = min(rows - i * kStrip, kStrip), left = columns - j * kStrip;
    const float* bias = p.bias != nullptr && pass.d == 0 ? p.bias + column + j * kStrip : nullptr;
    const bool add = p.add || pass.d > 0;
    for (int64_t r = 0; r < n_rows; ++r) {
      float* c = p.c + (pass.row + row + i * kStrip + r) * p.stride + column + j * kStrip;
      const float* row_sums = from + r / kTileSide * 2 * kTileSide * kTileSide + r % kTileSide * kTileSide;
      for (int64_t t = 0; t < 2 && t * kTileSide < left; ++t, c += kTileSide) {
        const int64_t n = left - t * kTileSide;
        F base = bias != nullptr ? load_n(bias + t * kTileSide, n) : zero();
        if (add) base = base + load_n(c, n);
        const F value = fma(load(row_sums + t * kTileSide * kTileSide), broadcast(p.scale), base);
        if (past_caches && n >= kTileSide)
          _mm512_stream_ps(c, value);
        else
          store_n(c, value, n);
      }
    }
  }

  void run(bool past_caches) const {
    const TilesInUse tiles;
    const int64_t n_blocks = ceil_div(pass.depth, kBlockDepth), n_products = row_strips() * column_strips();
    BlockPlan current = block(0);
    for (int64_t item = 0; item < source.items(current); ++item) source.make(current, item);
    for (int64_t number = 0; number < n_blocks; ++number) {
      const bool last = number + 1 == n_blocks;
      const BlockPlan next = block(last ? number : number + 1);
      const int64_t n_items = last ? 0 : source.items(next);
      int64_t done = 0, product = 0;
      for (int64_t j = 0; j < column_strips(); ++j)
        for (int64_t i = 0; i < row_strips(); ++i) {
          multiply(current, number, i, j);
          const int64_t due = n_items * ++product / n_products;
          for (; done < due; ++done) source.make(next, done);
          // the sums of the product before, which are in memory by now
          if (last && product > 1) finish((product - 2) % row_strips(), (product - 2) / row_strips(), past_caches);
        }
      current = next;
    }
    finish(row_strips() - 1, column_strips() - 1, past_caches);
    if (past_caches) _mm_sfence();
  }
};

// A product and the columns it reads.
template <class Columns>
struct Job {
  Product p;
  Columns source;
};

constexpr int64_t kMostJobs = 8;  // that share their rows

// Packs the rows of a pass, and runs the units of all jobs.
template <class PackedRows, class Columns>
static void run_pass(const Job<Columns>* jobs, int64_t n, const Pass& pass, const PackedRows& rows, ThreadPool& pool) {
  constexpr int64_t kLargeBytes = int64_t{4} << 20;  // of c: more than its reader would find in a cache
  pool.parallel_for(ceil_div(pass.rows, kStrip), 1, [&](int64_t strip, int64_t, int) {
    const int64_t first = strip * kStrip;
    rows.pack(pass.row + first, min(kStrip, pass.rows - first), pass.d, pass.depth, pass.strip(first, 0));
  });
  Pass passes[kMostJobs];
  int64_t ends[kMostJobs], n_units = 0;  // of the units of each job
  for (int64_t i = 0; i < n; ++i) {
    passes[i] = pass;
    cut(jobs[i].p, passes[i]);
    ends[i] = n_units += passes[i].row_units * passes[i].column_units;
  }
  pool.parallel_for(n_units, 1, [&](int64_t number, int64_t, int thread) {
    int64_t job = 0;
    while (number >= ends[job]) ++job;
    if (job > 0) number -= ends[job - 1];
    const Product& p = jobs[job].p;
    const Pass& own = passes[job];
    const bool aligned = reinterpret_cast<uintptr_t>(p.c) % 64 == 0 && p.stride % kTileSide == 0;
    const bool past_caches = aligned && !p.add && p.m * p.columns * 4 >= kLargeBytes && own.depth == p.depth;
    Bf16* blocks = reinterpret_cast<Bf16*>(pool.scratch(thread));
    const int64_t row = number % own.row_units * own.unit_rows;
    const int64_t column = number / own.row_units * own.unit_columns;
    const Unit<Columns> unit = {p, own, jobs[job].source, row, min(own.unit_rows, own.rows - row), column,
                                min(own.unit_columns, p.columns - column), blocks, blocks + 2 * kBlockElements,
                                reinterpret_cast<float*>(blocks + 2 * kBlockElements + kStagingElements)};
    unit.run(past_caches);
  });
}

// Up to kMostJobs products of the same rows, of equal m and depth.
template <class PackedRows, class Columns>
static void run_products(const Job<Columns>* jobs, int64_t n, const PackedRows& rows, ThreadPool& pool) {
  const int64_t m = jobs->p.m, depth = jobs->p.depth;
  if (depth == 0) return;
  ThreadPool::Turn turn(pool);
  Pass pass = {};
  pass.packed = reinterpret_cast<Bf16*>(turn.shared());
  const int64_t deepest = min(round_up(depth, kStepDepth), kPassDepth);
  const int64_t most_rows = ThreadPool::Turn::kSharedBytes / 2 / deepest / kMostRows * kMostRows;
  for (pass.row = 0; pass.row < m; pass.row += most_rows)
    for (pass.d = 0; pass.d < depth; pass.d += kPassDepth) {
      pass.rows = min(most_rows, m - pass.row);
      pass.depth = min(kPassDepth, depth - pass.d);
      run_pass(jobs, n, pass, rows, pool);
    }
}

}  // namespace chaku::amx
