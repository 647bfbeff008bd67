// The driver of all large products: c[m, columns] (+)= scale * (rows[m, depth] * columns[depth, columns] + tail) +
// bias.
//
// The rows (activations or their gradients) are rounded and packed once, by all threads, into the memory that a turn at
// the pool shares. Then each thread takes units of work, up to 512 rows by up to 256 columns of c, and walks their
// depth in blocks of 256. It keeps three things going, a little of each after every product of strips:
//   - the tiles multiply a block of the columns (a weight, decoded into 128 KB);
//   - the vector units decode the next block, which may be the first of the next unit;
//   - the sums of the unit before, in tile order in one of two buffers, are scaled and stored by rows, past the caches
//     where c is large.
// Decoding and storing are thus hidden behind the tiles as far as the processor reorders, and no decoded weight
// outlives its block. The second-level cache (2 MB) holds 256 KB of packed rows, 2 x 128 KB of columns and 2 x 512 KB
// of sums. A tail of low rank is the last block of a unit's depth: its rows, times the tail's scale, are packed behind
// the others. Products of the same rows share them packed; one whose tail reads what another one makes waits for that
// one's stage. The cut depends on shapes alone: each element of c is summed in the same order with any number of
// threads.
#pragma once

#ifndef CHAKU_ISA
#define CHAKU_ISA amx
#endif

#include "kernels/cpu/amx/operands.h"
#include "kernels/cpu/generic/groups.h"
#include "kernels/queue.h"

namespace chaku::amx {

// Rows [first, first + rows) of a product whose rows are stacked: they are those of a matrix of their own. first is a
// multiple of kTileSide.
struct Segment {
  int64_t first, rows;
  float* c;
  float scale;
};

struct Product {
  int64_t m, depth, columns;
  int64_t column_step;  // columns of a unit are a multiple of it, or all
  float* c;
  int64_t stride;
  float scale;
  const float* bias;  // of the columns, or null
  bool add;
  const LowRankTail* tail = nullptr;  // or null
  int64_t tail_depth = 0;             // at most kMostTailDepth
  bool transposed = false;            // c is [columns, m]; without bias or tail, and add is set
  const Segment* segments = nullptr;  // in place of c and scale, or null

  // Where row `row` goes, and how many rows follow it there.
  Segment at(int64_t row) const {
    if (segments == nullptr) return {row, m - row, c + row * (transposed ? 1 : stride), scale};
    const Segment* s = segments;
    while (row >= s->first + round_up(s->rows, kTileSide)) ++s;
    return {row, s->rows - (row - s->first), s->c + (row - s->first) * stride, s->scale};
  }
};

constexpr int64_t kMostRows = 512;  // of a unit
constexpr int64_t kPassDepth = 8192;
constexpr int64_t kMostTailDepth = kPassDepth / kMostTogether;
constexpr int64_t kStagingElements = kTileSide * kMostRange;
constexpr int64_t kSumsBytes = kMostRows * kMostColumns * 4;

static_assert((2 * kBlockElements + kStagingElements) * 2 + 2 * kSumsBytes <= ThreadPool::kScratchBytes);
static_assert(kMostRows * 2 * kPassDepth * 2 <= ThreadPool::Turn::kSharedBytes);  // tails included

// The part of a product that is packed at once, and how it is cut into units.
struct Pass {
  int64_t row, rows, d, depth;
  int64_t unit_rows, unit_columns, row_units, column_units;
  Bf16* packed;
  Bf16* tail;          // of one product, or null: none in this pass
  int64_t tail_depth;  // 0 without

  int64_t steps() const { return ceil_div(depth, kStepDepth); }
  int64_t tail_steps() const { return ceil_div(tail_depth, kStepDepth); }
  Bf16* strip(int64_t first_row, int64_t depth_offset) const {
    return packed + (first_row / kStrip * steps() + depth_offset / kStepDepth) * kStepElements;
  }
  Bf16* tail_strip(int64_t first_row, int64_t depth_offset) const {
    return tail + (first_row / kStrip * tail_steps() + depth_offset / kStepDepth) * kStepElements;
  }
};

// Narrower units where there would be few, but not so narrow that the packed rows, each block of which a unit reads
// once for every 32 columns, would come from beyond the second-level cache all the time. A product of low rank has the
// columns of one strip, and is cut by rows.
CHAKU_INLINE void cut(const Product& p, Pass& pass) {
  constexpr int64_t kCached = int64_t{1} << 20;
  pass.unit_rows = min(kMostRows, round_up(pass.rows, kStrip));
  if (p.columns <= kStrip) pass.unit_rows = min(pass.unit_rows, 4 * kStrip);
  pass.row_units = ceil_div(pass.rows, pass.unit_rows);
  const bool cached = pass.unit_rows * pass.steps() * kStepDepth * 2 <= kCached;
  const int64_t least = max(cached ? kStrip : 4 * kStrip, p.column_step), enough = cached ? 16 : 8;
  pass.unit_columns = kMostColumns;
  while (pass.unit_columns / 2 >= least && pass.row_units * ceil_div(p.columns, pass.unit_columns) < enough)
    pass.unit_columns /= 2;
  pass.column_units = ceil_div(p.columns, pass.unit_columns);
}

// A product and the columns that it and its tail read.
template <class Columns>
struct Job {
  Product p;
  Columns source, tail;

  const Columns& columns(const BlockPlan& b) const { return b.of_tail ? tail : source; }
  int64_t items(const BlockPlan& b) const { return columns(b).items(b); }
  void make(const BlockPlan& b, int64_t item) const { columns(b).make(b, item); }
  bool needs(const Job& before) const { return p.tail != nullptr && p.tail->x == before.p.c; }
};

// A unit of work, the largest part of c that one thread computes at once.
template <class Columns>
class Unit {
 public:
  const Job<Columns>* job = nullptr;  // null: there is none
  const Pass* pass = nullptr;
  int64_t row = 0, rows = 0, column = 0, columns = 0;  // in the pass and in the product
  bool past_caches = false;
  float* sums = nullptr;

  int64_t row_strips() const { return ceil_div(rows, kStrip); }
  int64_t n_products() const { return row_strips() * ceil_div(columns, kStrip); }  // of strips, rows first
  int64_t n_before_tail() const { return ceil_div(pass->depth, kBlockDepth); }
  int64_t n_blocks() const { return n_before_tail() + ceil_div(pass->tail_depth, kBlockDepth); }

  BlockPlan block(int64_t number, Bf16* to, Bf16* staging) const {
    const bool of_tail = number >= n_before_tail();
    const int64_t d = (of_tail ? number - n_before_tail() : number) * kBlockDepth;
    const int64_t depth = min(kBlockDepth, (of_tail ? pass->tail_depth : pass->depth) - d);
    return {of_tail, of_tail ? d : pass->d + d, depth, column, columns, to, staging};
  }

  void multiply(const BlockPlan& b, int64_t number, int64_t product) const {
    const int64_t i = product % row_strips(), j = product / row_strips();
    const Bf16* strip = strip_of(b, row + i * kStrip);
    const Bf16* next = strip_of(b, row + (i + 1 < row_strips() ? i + 1 : 0) * kStrip);
    const bool two_rows = rows - i * kStrip > kTileSide, two_columns = columns - j * kStrip > kTileSide;
    const auto kernel = two_rows      ? two_columns ? multiply_strips<2, 2> : multiply_strips<2, 1>
                             : two_columns ? multiply_strips<1, 2>
                                      : multiply_strips<1, 1>;
    kernel(strip, b.step(j, 0), sums + product * kSums, b.steps(), number > 0, next);
  }

  const Bf16* strip_of(const BlockPlan& b, int64_t first_row) const {
    return b.of_tail ? pass->tail_strip(first_row, b.d) : pass->strip(first_row, b.d - pass->d);
  }

  void finish(int64_t product) const {
    const int64_t i = product % row_strips(), j = product / row_strips();
    const int64_t n_rows = min(rows - i * kStrip, kStrip), n_columns = min(columns - j * kStrip, kStrip);
    for (int64_t r = 0; r < n_rows; r += kTileSide)
      for (int64_t c = 0; c < n_columns; c += kTileSide) {
        const float* tile = sums + product * kSums + (r / kTileSide * 2 + c / kTileSide) * kTileSide * kTileSide;
        const Segment to = job->p.at(pass->row + row + i * kStrip + r);
        const int64_t to_column = column + j * kStrip + c, left = min(n_columns - c, kTileSide);
        if (job->p.transposed)
          add_transposed(tile, to, min(n_rows - r, to.rows), to_column, left);
        else
          store(tile, to, min(n_rows - r, to.rows), to_column, left);
      }
  }

 private:
  void store(const float* tile, const Segment& to, int64_t n_rows, int64_t to_column, int64_t n_columns) const {
    const Product& p = job->p;
    const F bias = p.bias != nullptr && pass->d == 0 ? load_n(p.bias + to_column, n_columns) : zero();
    const bool add = p.add || pass->d > 0, stream = past_caches && n_columns == kTileSide;
    float* c = to.c + to_column;
    for (int64_t r = 0; r < min(n_rows, kTileSide); ++r, c += p.stride) {
      const F base = add ? bias + load_n(c, n_columns) : bias;
      const F value = fma(load(tile + r * kTileSide), broadcast(to.scale), base);
      if (stream)
        _mm512_stream_ps(c, value);
      else
        store_n(c, value, n_columns);
    }
  }

  void add_transposed(const float* tile, const Segment& to, int64_t n_rows, int64_t to_column,
                      int64_t n_columns) const {
    F columns_of_tile[kTileSide];
    for (int64_t r = 0; r < kTileSide; ++r) columns_of_tile[r] = load(tile + r * kTileSide);
    transpose(columns_of_tile);
    for (int64_t k = 0; k < n_columns; ++k) {
      float* c = to.c + (to_column + k) * job->p.stride;
      store_n(c, fma(columns_of_tile[k], broadcast(to.scale), load_n(c, n_rows)), n_rows);
    }
  }
};

// The buffers of a thread, and what it does with the units that it takes one after another.
template <class Columns>
class Worker {
 public:
  explicit Worker(std::byte* scratch)
      : blocks_(reinterpret_cast<Bf16*>(scratch)),
        staging_(blocks_ + 2 * kBlockElements),
        sums_(reinterpret_cast<float*>(staging_ + kStagingElements)) {}

  // take() gives the next unit, or one without a job when all are taken.
  template <class Take>
  void run(Take take) {
    Unit<Columns> current = place(take()), before;
    if (current.job == nullptr) return;
    const TilesInUse tiles;
    block_ = current.block(0, blocks_, staging_);
    for (int64_t item = 0; item < current.job->items(block_); ++item) current.job->make(block_, item);
    while (current.job != nullptr) {
      const Unit<Columns> next = place(take());
      multiply(current, next, before);
      before = current;
      current = next;
    }
    for (int64_t product = 0; product < before.n_products(); ++product) before.finish(product);
    _mm_sfence();  // stores past the caches are seen by whoever sees the end of this work
  }

 private:
  Unit<Columns> place(Unit<Columns> unit) {
    unit.sums = sums_ + n_units_++ % 2 * (kSumsBytes / 4);
    return unit;
  }

  // All of `unit`, whose first block is made; makes the first block of `next`, and stores the sums of `before`.
  void multiply(const Unit<Columns>& unit, const Unit<Columns>& next, const Unit<Columns>& before) {
    const int64_t n_products = unit.n_products(), n_all = n_products * unit.n_blocks();
    const int64_t n_stores = before.job != nullptr ? before.n_products() : 0;
    int64_t stored = 0, multiplied = 0;
    for (int64_t number = 0; number < unit.n_blocks(); ++number) {
      const bool last = number + 1 == unit.n_blocks();
      const Unit<Columns>& source = last ? next : unit;
      BlockPlan making = block_;
      int64_t n_items = 0;
      if (source.job != nullptr) {
        Bf16* to = block_.to == blocks_ ? blocks_ + kBlockElements : blocks_;
        making = source.block(last ? 0 : number + 1, to, staging_);
        n_items = source.job->items(making);
      }
      int64_t made = 0;
      for (int64_t product = 0; product < n_products; ++product) {
        unit.multiply(block_, number, product);
        const int64_t items_due = n_items * (product + 1) / n_products;
        for (; made < items_due; ++made) source.job->make(making, made);
        const int64_t stores_due = n_stores * ++multiplied / n_all;
        for (; stored < stores_due; ++stored) before.finish(stored);
      }
      block_ = making;
    }
  }

  Bf16* blocks_;  // two
  Bf16* staging_;
  float* sums_;  // of two units
  int64_t n_units_ = 0;
  BlockPlan block_ = {};  // the one that is multiplied
};

// Packs the rows of a pass.
template <class PackedRows>
static void pack_pass(const Pass& pass, const PackedRows& rows, Queue& queue) {
  queue.parallel_for(ceil_div(pass.rows, kStrip), 1, [&](int64_t strip, int64_t, int) {
    const int64_t first = strip * kStrip;
    rows.pack(pass.row + first, min(kStrip, pass.rows - first), pass.d, pass.depth, pass.strip(first, 0));
  });
}

// Packs the rows of the tails that end in this pass; passes[i] is then how product i sees it.
template <class Columns>
static void pack_tails(const Job<Columns>* jobs, int64_t n, const Pass& pass, Pass* passes, Queue& queue) {
  const int64_t n_strips = ceil_div(pass.rows, kStrip);
  Bf16* free = pass.packed + n_strips * pass.steps() * kStepElements;
  bool any = false;
  for (int64_t i = 0; i < n; ++i) {
    const Product& p = jobs[i].p;
    passes[i] = pass;
    if (p.tail == nullptr || pass.d + pass.depth < p.depth) continue;
    any = true;
    passes[i].tail = free;
    passes[i].tail_depth = p.tail_depth;
    free += n_strips * passes[i].tail_steps() * kStepElements;
  }
  if (!any) return;
  queue.parallel_for(n * n_strips, 1, [&](int64_t item, int64_t, int) {
    const int64_t i = item / n_strips, first = item % n_strips * kStrip;
    if (passes[i].tail == nullptr) return;
    const LowRankTail& tail = *jobs[i].p.tail;
    RowsInPlace{tail.x, tail.x_stride, tail.scale}.pack(pass.row + first, min(kStrip, pass.rows - first), 0,
                                                        passes[i].tail_depth, passes[i].tail_strip(first, 0));
  });
}

// Runs the units of jobs that do not depend on each other, on the packed rows of a pass.
template <class Columns>
static void run_stage(const Job<Columns>* jobs, int64_t n, const Pass& pass, Queue& queue) {
  constexpr int64_t kLargeBytes = int64_t{4} << 20;  // of c: more than its reader would find in a cache
  Pass passes[kMostTogether];
  int64_t ends[kMostTogether], n_units = 0, n_taken = 0;  // ends: of the units of each job
  pack_tails(jobs, n, pass, passes, queue);
  for (int64_t i = 0; i < n; ++i) {
    cut(jobs[i].p, passes[i]);
    ends[i] = n_units += passes[i].row_units * passes[i].column_units;
  }
  const auto take = [&]() -> Unit<Columns> {
    int64_t number = __atomic_fetch_add(&n_taken, 1, __ATOMIC_RELAXED), job = 0;
    if (number >= n_units) return {};
    while (number >= ends[job]) ++job;
    if (job > 0) number -= ends[job - 1];
    const Product& p = jobs[job].p;
    const Pass& own = passes[job];
    const bool aligned = reinterpret_cast<uintptr_t>(p.c) % 64 == 0 && p.stride % kTileSide == 0;
    const bool past_caches = aligned && !p.add && p.m * p.columns * 4 >= kLargeBytes && own.depth == p.depth;
    const int64_t row = number % own.row_units * own.unit_rows;
    const int64_t column = number / own.row_units * own.unit_columns;
    return {
        jobs + job,  &own,   row, min(own.unit_rows, own.rows - row), column, min(own.unit_columns, p.columns - column),
        past_caches, nullptr};
  };
  queue.parallel_for(min(queue.n_threads(), n_units), 1,
                     [&](int64_t, int64_t, int thread) { Worker<Columns>(queue.scratch(thread)).run(take); });
}

// Up to kMostTogether products of the same rows, of equal m and depth; a job may need one before it.
template <class PackedRows, class Columns>
static void run_products(const Job<Columns>* jobs, int64_t n, const PackedRows& rows, Queue& queue) {
  const int64_t m = jobs->p.m, depth = jobs->p.depth;
  if (depth == 0) return;
  ThreadPool::Turn turn(queue.threads());
  Pass pass = {};
  pass.packed = reinterpret_cast<Bf16*>(turn.shared());
  int64_t deepest = min(round_up(depth, kStepDepth), kPassDepth);
  for (int64_t i = 0; i < n; ++i) deepest += round_up(jobs[i].p.tail_depth, kStepDepth);
  const int64_t most_rows = ThreadPool::Turn::kSharedBytes / 2 / deepest / kMostRows * kMostRows;
  for (pass.row = 0; pass.row < m; pass.row += most_rows) {
    pass.rows = min(most_rows, m - pass.row);
    bool packed = false;  // the whole depth, for all stages
    for_each_stage(jobs, n, [&](const Job<Columns>* stage, int64_t n_stage) {
      for (pass.d = 0; pass.d < depth; pass.d += kPassDepth) {
        pass.depth = min(kPassDepth, depth - pass.d);
        if (!packed) pack_pass(pass, rows, queue);
        packed = depth <= kPassDepth;
        run_stage(stage, n_stage, pass, queue);
      }
      pass.d = 0;
    });
  }
}

}  // namespace chaku::amx
