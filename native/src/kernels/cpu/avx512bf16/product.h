// The driver of products with a weight: c[m, columns] (+)= scale * (rows[m, depth] * columns[depth, columns] + tail) + bias.
//
// The rows (activations or their gradients) are rounded and packed once, by all threads, into the memory that a turn at
// the pool shares, however many products read them. Then each thread takes units of work, up to 512 rows by up to 256
// columns of some product's c, and walks their depth: it packs a block of the weight and multiplies it. A tail of low
// rank is the last of these blocks; its few rows each unit packs for itself.
// The cut depends on shapes alone: each element of c is summed in the same order with any number of threads.
#pragma once

#include "base/thread_pool.h"
#include "kernels/cpu/avx512bf16/operands.h"
#include "kernels/cpu/generic/groups.h"

namespace chaku::avx512bf16 {

// A product, its weight and that of its tail.
template <class Columns>
struct Job {
  int64_t n_columns;     // of c
  int64_t unit_columns;  // at most
  float* c;
  int64_t stride;
  float scale;
  const float* bias;  // of the columns, or null
  bool add;
  Columns source;
  const LowRankTail* tail;

  bool needs(const Job& before) const { return !tail->empty() && tail->x == before.c; }
};

constexpr int64_t kMostUnitRows = 516;       // of split_work's blocks: 512 rounded up to whole tiles
constexpr int64_t kPackedBytes = 8 << 20;    // of rows packed at once: they stay in a third-level cache
constexpr int64_t kRowsOfChunk = 4 * kTileRows;  // packed by one thread at a time

static_assert(kPackedBytes <= ThreadPool::Turn::kSharedBytes);
static_assert((kMostUnitRows * kMostDepth + kMostBlock) * 2 + kLanes * kMostDepth * 4 <= ThreadPool::kScratchBytes);

// A thread's buffers: rows of a tail, a block of B, and decoded weights.
struct Scratch {
  Bf16 *tail, *block;
  float* decoded;

  explicit Scratch(std::byte* memory)
      : tail(reinterpret_cast<Bf16*>(memory)),
        block(tail + kMostUnitRows * kMostDepth),
        decoded(reinterpret_cast<float*>(block + kMostBlock)) {}
};

// The rows of all products of a run, and those of them that are packed now: packed[block of the depth][row][kDepth].
template <int64_t kDepth>
struct SharedRows {
  const float* from;
  int64_t stride, m, depth;
  Bf16* packed;
  int64_t first = 0, rows = 0;

  int64_t most_rows() const {
    const int64_t fit = kPackedBytes / 2 / round_up(max(depth, 1), kDepth);
    return max(fit / kTileRows * kTileRows, kTileRows);
  }
  const Bf16* at(int64_t row, int64_t d) const { return packed + d * rows + row * kDepth; }

  void pack(ThreadPool& pool) const {
    pool.parallel_for(rows, kRowsOfChunk, [&](int64_t begin, int64_t end, int) {
      for (int64_t d = 0; d < depth; d += kDepth)
        pack_rows_a(from + (first + begin) * stride + d, stride, end - begin, min(kDepth, depth - d),
                    packed + d * rows + begin * kDepth, kDepth);
    });
  }
};

// Rows [row, row + rows) of those packed, by columns [column, column + columns) of a job.
template <class Columns>
static void run_unit(const Job<Columns>& job, const SharedRows<Columns::kDepth>& shared, int64_t row, int64_t rows,
                     int64_t column, int64_t columns, const Scratch& scratch) {
  constexpr int64_t kDepth = Columns::kDepth;
  Output out = {job.c + (shared.first + row) * job.stride + column, job.stride, job.scale,
                job.bias != nullptr ? job.bias + column : nullptr, job.add};
  const auto multiply = [&](const Columns& source, const Bf16* left, int64_t d, int64_t depth) {
    source.pack({d, depth, column, columns, scratch.block, scratch.decoded});
    multiply_block(rows, {left, kDepth}, scratch.block, kDepth / 2, ceil_div(depth, 2), out, columns);
    out.bias = nullptr;
    out.add = true;
  };
  for (int64_t d = 0; d < shared.depth; d += kDepth)
    multiply(job.source, shared.at(row, d), d, min(kDepth, shared.depth - d));
  const LowRankTail& tail = *job.tail;
  if (tail.empty()) return;
  const Columns source = Columns::of(tail.w);
  out.scale = job.scale * tail.scale;
  for (int64_t d = 0; d < source.depth(); d += kDepth) {
    const int64_t depth = min(kDepth, source.depth() - d);
    pack_rows_a(tail.x + (shared.first + row) * tail.x_stride + d, tail.x_stride, rows, depth, scratch.tail, kDepth);
    multiply(source, scratch.tail, d, depth);
  }
}

// The units of jobs that do not depend on each other.
template <class Columns>
static void run_units(const Job<Columns>* jobs, int64_t n, const SharedRows<Columns::kDepth>& shared,
                      ThreadPool& pool) {
  Split splits[kMostTogether];
  int64_t ends[kMostTogether], n_units = 0;  // ends: of the units of each job
  for (int64_t i = 0; i < n; ++i) {
    splits[i] = split_work(shared.rows, jobs[i].n_columns, jobs[i].unit_columns);
    ends[i] = n_units += splits[i].units();
  }
  pool.parallel_for(n_units, 1, [&](int64_t unit, int64_t, int thread) {
    int64_t i = 0;
    while (unit >= ends[i]) ++i;
    const Split& s = splits[i];
    if (i > 0) unit -= ends[i - 1];
    const int64_t column = unit / s.n_row_blocks * s.columns, row = unit % s.n_row_blocks * s.rows;
    run_unit(jobs[i], shared, row, min(s.rows, shared.rows - row), column, min(s.columns, jobs[i].n_columns - column),
             Scratch(pool.scratch(thread)));
  });
}

// At most kMostTogether jobs of the same rows; a job may need one before it.
template <class Columns>
static void run_jobs(const Job<Columns>* jobs, int64_t n, SharedRows<Columns::kDepth> shared, ThreadPool& pool) {
  ThreadPool::Turn turn(pool);
  shared.packed = reinterpret_cast<Bf16*>(turn.shared());
  const int64_t most = shared.most_rows();
  for (shared.first = 0; shared.first < shared.m; shared.first += most) {
    shared.rows = min(most, shared.m - shared.first);
    shared.pack(pool);
    for_each_stage(jobs, n, [&](const Job<Columns>* stage, int64_t n_stage) { run_units(stage, n_stage, shared, pool); });
  }
}

}  // namespace chaku::avx512bf16
