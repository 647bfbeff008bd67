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
// of sums. Tails of low rank are the last blocks of a unit's depth, each met by the strips that have rows of it: these
// rows, times the tail's scale, are packed behind the others, once for each tail that a strip has, with zeros in place
// of the rows of others, so that a row's sum has the bits it has where all rows share its tail. Products of the same
// rows share them packed; one whose tail reads what another one makes waits for that one's stage. The cut depends on
// shapes alone: each element of c is summed in the same order with any number of threads.
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
  const TailOfRows* tails = nullptr;  // in the order of rows
  int64_t n_tails = 0;
  int64_t tail_depth = 0;             // of the deepest of them
  bool transposed = false;            // c is [columns, m]; without bias or tails, and add is set
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
constexpr int64_t kMostTailDepth = kPassDepth / kMostTogether / 2;
constexpr int64_t kSharedElements = ThreadPool::Turn::kSharedBytes / 2;
constexpr int64_t kStagingElements = kTileSide * kMostRange;
constexpr int64_t kSumsBytes = kMostRows * kMostColumns * 4;

static_assert((2 * kBlockElements + kStagingElements) * 2 + 2 * kSumsBytes <= ThreadPool::kScratchBytes);
// The rows of a strip, all of which have tails of their own; and those of the largest unit with one tail.
static_assert(kStrip * (kPassDepth + (kStrip + 1) * kMostTailDepth * kMostTogether) <= kSharedElements);
static_assert((kMostRows + kStrip) * (kPassDepth + kMostTailDepth * kMostTogether) <= kSharedElements);

// The part of a product that is packed at once, and how it is cut into units.
struct Pass {
  int64_t row, rows, d, depth;
  int64_t unit_rows, unit_columns, row_units, column_units;
  Bf16* packed;
  // Of one product: its tails [first_tail, end_tail) that have rows here, none before the last pass over the depth. A
  // strip that neighbours share is packed for each of them: the strips of each next one lie one further behind.
  Bf16* packed_tails;
  int64_t first_tail, end_tail, tail_steps;

  int64_t n_strips() const { return ceil_div(rows, kStrip); }
  int64_t n_tail_strips() const { return n_strips() + end_tail - first_tail; }
  int64_t steps() const { return ceil_div(depth, kStepDepth); }
  Bf16* strip(int64_t first_row, int64_t depth_offset) const {
    return packed + (first_row / kStrip * steps() + depth_offset / kStepDepth) * kStepElements;
  }
  Bf16* tail_strip(int64_t tail, int64_t first_row, int64_t depth_offset) const {
    return packed_tails +
           ((first_row / kStrip + tail - first_tail) * tail_steps + depth_offset / kStepDepth) * kStepElements;
  }
};

// Narrower units where there would be few, but not so narrow that the packed rows, each block of which a unit reads
// once for every 32 columns, would come from beyond the second-level cache all the time. Rows of one strip meet one of
// columns, which the first-level cache then holds. A product of low rank has the columns of one strip, and is cut by
// rows.
CHAKU_INLINE void cut(const Product& p, Pass& pass) {
  constexpr int64_t kCached = int64_t{1} << 20;
  pass.unit_rows = min(kMostRows, round_up(pass.rows, kStrip));
  if (p.columns <= kStrip) pass.unit_rows = min(pass.unit_rows, 4 * kStrip);
  pass.row_units = ceil_div(pass.rows, pass.unit_rows);
  const bool cached = pass.unit_rows * pass.steps() * kStepDepth * 2 <= kCached;
  const int64_t least = max(cached ? kStrip : 4 * kStrip, p.column_step), enough = cached ? 16 : 8;
  pass.unit_columns = pass.unit_rows <= kStrip ? round_up(kStrip, p.column_step) : kMostColumns;
  while (pass.unit_columns / 2 >= least && pass.row_units * ceil_div(p.columns, pass.unit_columns) < enough)
    pass.unit_columns /= 2;
  pass.column_units = ceil_div(p.columns, pass.unit_columns);
}

// A product and the columns that it reads.
template <class Columns>
struct Job {
  Product p;
  Columns source;

  bool needs(const Job& before) const {
    for (int64_t i = 0; i < p.n_tails; ++i)
      if (p.tails[i].tail.x == before.p.c) return true;
    return false;
  }

  // How many steps of the depth a tail has here: none where its rank is no low one.
  int64_t tail_depth(int64_t tail) const {
    const int64_t depth = Columns::depth_of(p.tails[tail].tail.w);
    return depth <= kMostTailDepth ? depth : 0;
  }
};

// A block of the depth of a unit: of its columns, and of those of its strips that have it.
template <class Columns>
struct Block {
  BlockPlan plan;
  Columns columns;
  const Bf16* strips;      // of the unit
  int64_t strip_elements;  // from one to the next
  int64_t first, end;      // those that have it

  int64_t items() const { return columns.items(plan); }
  void make(int64_t item) const { columns.make(plan, item); }
  const Bf16* strip(int64_t i) const { return strips + i * strip_elements; }
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
  int64_t column_strips() const { return ceil_div(columns, kStrip); }
  int64_t n_products() const { return row_strips() * column_strips(); }  // of strips, rows first
  int64_t n_before_tails() const { return ceil_div(pass->depth, kBlockDepth); }

  int64_t n_blocks() const {
    int64_t n = n_before_tails();
    for (int64_t t = pass->first_tail; t < pass->end_tail; ++t) n += blocks_of_tail(t);
    return n;
  }

  Block<Columns> block(int64_t number, Bf16* to, Bf16* staging) const {
    if (number < n_before_tails()) {
      const int64_t d = number * kBlockDepth, depth = min(kBlockDepth, pass->depth - d);
      return {{pass->d + d, depth, column, columns, to, staging},
              job->source,
              pass->strip(row, d),
              pass->steps() * kStepElements,
              0,
              row_strips()};
    }
    number -= n_before_tails();
    int64_t t = pass->first_tail;
    for (; number >= blocks_of_tail(t); ++t) number -= blocks_of_tail(t);
    const TailOfRows& tail = job->p.tails[t];
    const int64_t d = number * kBlockDepth, depth = min(kBlockDepth, job->tail_depth(t) - d);
    const int64_t first = max(tail.begin - pass->row - row, 0), end = min(tail.end - pass->row - row, rows);
    return {{d, depth, column, columns, to, staging}, Columns::of(tail.tail.w), pass->tail_strip(t, row, d),
            pass->tail_steps * kStepElements,         first / kStrip,           ceil_div(end, kStrip)};
  }

  // The product of a strip of rows and one of columns over a block; adds: to the blocks before.
  void multiply(const Block<Columns>& b, int64_t i, int64_t j, bool adds) const {
    const bool two_rows = rows - i * kStrip > kTileSide, two_columns = columns - j * kStrip > kTileSide;
    constexpr bool kTurned = Columns::kTurned;
    const auto kernel = two_rows      ? two_columns ? multiply_strips<2, 2, kTurned> : multiply_strips<2, 1, kTurned>
                             : two_columns ? multiply_strips<1, 2, kTurned>
                                      : multiply_strips<1, 1, kTurned>;
    kernel(b.strip(i), b.plan.step(j, 0), sums + (j * row_strips() + i) * kSums, b.plan.steps(), adds,
           b.strip(i + 1 < b.end ? i + 1 : b.first));
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
  // 0 where no row of the unit has it.
  int64_t blocks_of_tail(int64_t t) const {
    const TailOfRows& tail = job->p.tails[t];
    const int64_t first = pass->row + row;
    return tail.begin < first + rows && tail.end > first ? ceil_div(job->tail_depth(t), kBlockDepth) : 0;
  }

  void store(const float* tile, const Segment& to, int64_t n_rows, int64_t to_column, int64_t n_columns) const {
    const Product& p = job->p;
    const F bias = p.bias != nullptr && pass->d == 0 ? load_n(p.bias + to_column, n_columns) : zero();
    const bool add = p.add || pass->d > 0, stream = past_caches && n_columns == kTileSide;
    float* c = to.c + to_column;
    F of_rows[kTileSide];
    for (int64_t r = 0; r < kTileSide; ++r) of_rows[r] = load(tile + r * kTileSide);
    if constexpr (Columns::kTurned) transpose(of_rows);
    for (int64_t r = 0; r < min(n_rows, kTileSide); ++r, c += p.stride) {
      const F base = add ? bias + load_n(c, n_columns) : bias;
      const F value = fma(of_rows[r], broadcast(to.scale), base);
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
    for (int64_t item = 0; item < block_.items(); ++item) block_.make(item);
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
    const int64_t n_blocks = unit.n_blocks(), n_all = unit.n_products() * unit.n_before_tails();
    const int64_t n_stores = before.job != nullptr ? before.n_products() : 0;
    int64_t stored = 0, multiplied = 0;
    for (int64_t number = 0; number < n_blocks; ++number) {
      const bool last = number + 1 == n_blocks;
      const Unit<Columns>& source = last ? next : unit;
      Block<Columns> making = block_;
      int64_t n_items = 0;
      if (source.job != nullptr) {
        Bf16* to = block_.plan.to == blocks_ ? blocks_ + kBlockElements : blocks_;
        making = source.block(last ? 0 : number + 1, to, staging_);
        n_items = making.items();
      }
      const int64_t n_products = (block_.end - block_.first) * unit.column_strips();
      int64_t made = 0, done = 0;
      for (int64_t j = 0; j < unit.column_strips(); ++j)
        for (int64_t i = block_.first; i < block_.end; ++i) {
          unit.multiply(block_, i, j, number > 0);
          const int64_t items_due = n_items * ++done / n_products;
          for (; made < items_due; ++made) making.make(made);
          const int64_t stores_due = n_stores * min(++multiplied, n_all) / n_all;
          for (; stored < stores_due; ++stored) before.finish(stored);
        }
      block_ = making;
    }
  }

  Bf16* blocks_;  // two
  Bf16* staging_;
  float* sums_;  // of two units
  int64_t n_units_ = 0;
  Block<Columns> block_ = {};  // the one that is multiplied
};

// Packs `count` rows from `row` on as the columns ask for it.
template <class Columns, class PackedRows>
static void pack_strip(const PackedRows& rows, int64_t row, int64_t count, int64_t d, int64_t depth, Bf16* strip) {
  if constexpr (Columns::kTurned)
    rows.pack_turned(row, count, d, depth, strip);
  else
    rows.pack(row, count, d, depth, strip);
}

// Packs the rows of a pass.
template <class Columns, class PackedRows>
static void pack_pass(const Pass& pass, const PackedRows& rows, Queue& queue) {
  queue.parallel_for(pass.n_strips(), 1, [&](int64_t strip, int64_t, int) {
    const int64_t first = strip * kStrip, count = min(kStrip, pass.rows - first);
    pack_strip<Columns>(rows, pass.row + first, count, pass.d, pass.depth, pass.strip(first, 0));
  });
}

// Packs the rows of the tails that are added in this pass; passes[i] is then how product i sees it.
template <class Columns>
static void pack_tails(const Job<Columns>* jobs, int64_t n, const Pass& pass, Pass* passes, Queue& queue) {
  Bf16* free = pass.packed + pass.n_strips() * pass.steps() * kStepElements;
  int64_t ends[kMostTogether], n_strips = 0;  // ends: of the strips of each job
  for (int64_t i = 0; i < n; ++i) {
    const Product& p = jobs[i].p;
    Pass& own = passes[i] = pass;
    own.packed_tails = free;
    own.first_tail = own.end_tail = 0;
    if (pass.d + pass.depth == p.depth) {
      while (own.first_tail < p.n_tails && p.tails[own.first_tail].end <= pass.row) ++own.first_tail;
      own.end_tail = own.first_tail;
      while (own.end_tail < p.n_tails && p.tails[own.end_tail].begin < pass.row + pass.rows) ++own.end_tail;
      own.tail_steps = ceil_div(p.tail_depth, kStepDepth);
    }
    const bool any = own.end_tail > own.first_tail && own.tail_steps > 0;
    ends[i] = n_strips += any ? own.n_tail_strips() : 0;
    free += any ? own.n_tail_strips() * own.tail_steps * kStepElements : 0;
  }
  if (n_strips == 0) return;
  queue.parallel_for(n_strips, 1, [&](int64_t item, int64_t, int) {
    int64_t i = 0;
    while (item >= ends[i]) ++i;
    const Pass& own = passes[i];
    const int64_t number = item - (i > 0 ? ends[i - 1] : 0);
    int64_t t = own.first_tail;
    const auto strip_of = [&](int64_t tail) { return number - (tail - own.first_tail); };
    while (t < own.end_tail && jobs[i].p.tails[t].end <= pass.row + strip_of(t) * kStrip) ++t;
    if (t == own.end_tail) return;
    const int64_t first = strip_of(t) * kStrip;
    const TailOfRows& part = jobs[i].p.tails[t];
    const RowsInPlace rows = {part.tail.x, part.tail.x_stride, part.tail.scale, part.begin, part.end};
    pack_strip<Columns>(rows, pass.row + first, min(kStrip, pass.rows - first), 0, jobs[i].tail_depth(t),
                        own.tail_strip(t, first, 0));
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

// How many rows from `row` on are packed at once: whole units where they are many, and what finds room.
template <class Columns>
static int64_t rows_of_pass(const Job<Columns>* jobs, int64_t n, int64_t row) {
  const int64_t depth = min(round_up(jobs->p.depth, kStepDepth), kPassDepth);
  const auto fits = [&](int64_t rows) {
    const int64_t strip_rows = round_up(rows, kStrip);
    int64_t elements = strip_rows * depth;
    for (int64_t i = 0; i < n; ++i) {
      const Product& p = jobs[i].p;
      int64_t n_tails = 0;
      for (int64_t t = 0; t < p.n_tails; ++t) n_tails += p.tails[t].begin < row + rows && p.tails[t].end > row;
      if (n_tails > 0) elements += (strip_rows + n_tails * kStrip) * round_up(p.tail_depth, kStepDepth);
    }
    return elements <= kSharedElements;
  };
  int64_t rows = jobs->p.m - row;
  while (!fits(rows)) rows = rows > kMostRows ? round_up(rows, kMostRows) - kMostRows : round_up(rows, kStrip) - kStrip;
  return rows;
}

// Up to kMostTogether products of the same rows, of equal m and depth; a job may need one before it.
template <class PackedRows, class Columns>
static void run_products(const Job<Columns>* jobs, int64_t n, const PackedRows& rows, Queue& queue) {
  const int64_t m = jobs->p.m, depth = jobs->p.depth;
  if (depth == 0) return;
  ThreadPool::Turn turn(queue.threads());
  Pass pass = {};
  pass.packed = reinterpret_cast<Bf16*>(turn.shared());
  for (pass.row = 0; pass.row < m; pass.row += pass.rows) {
    pass.rows = rows_of_pass(jobs, n, pass.row);
    bool packed = false;  // the whole depth, for all stages
    for_each_stage(jobs, n, [&](const Job<Columns>* stage, int64_t n_stage) {
      for (pass.d = 0; pass.d < depth; pass.d += kPassDepth) {
        pass.depth = min(kPassDepth, depth - pass.d);
        if (!packed) pack_pass<Columns>(pass, rows, queue);
        packed = depth <= kPassDepth;
        run_stage(stage, n_stage, pass, queue);
      }
      pass.d = 0;
    });
  }
}

}  // namespace chaku::amx
