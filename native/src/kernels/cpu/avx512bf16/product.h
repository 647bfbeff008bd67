// The driver of products with a weight: c[m, columns] (+)= scale * (rows[m, depth] * columns[depth, columns] + tail) +
// bias.
//
// The rows (activations or their gradients) are rounded and packed once, by all threads, into the memory that a turn at
// the pool shares, however many products read them. Then each thread takes units of work, up to 512 rows by up to 256
// columns of some product's c, and walks their depth: it packs a block of the weight and multiplies it. A tail of low
// rank is the last of these blocks; its few rows each unit packs for itself. Sums of the blocks before the last are
// kept by the thread: rows of c that lie a power of two apart share few sets of a cache, and would push each other out.
// A depth beyond kPassDepth (a vocabulary, backward) is taken in passes, whose sums meet in c: so a weight is decoded
// once for up to 512 rows, however deep the product is.
// The cut depends on shapes alone: each element of c is summed in the same order with any number of threads.
#pragma once

#include "kernels/cpu/avx512bf16/operands.h"
#include "kernels/cpu/generic/groups.h"
#include "kernels/cpu/generic/tails.h"
#include "kernels/queue.h"

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
  Tails tails;

  bool needs(const Job& before) const { return tails.read(before.c); }
};

constexpr int64_t kMostUnitRows = 516;     // of split_work's blocks: 512 rounded up to whole tiles
constexpr int64_t kPackedBytes = 8 << 20;  // of rows packed at once: they stay in a third-level cache
constexpr int64_t kPassDepth = 8192;
constexpr int64_t kRowsOfChunk = 4 * kTileRows;  // packed by one thread at a time

static_assert(kPackedBytes <= ThreadPool::Turn::kSharedBytes && kPackedBytes / 2 / kPassDepth >= kTileRows);
static_assert((kMostUnitRows * kMostDepth + kMostBlock) * 2 +
                  (kLanes * kMostDepth + kMostUnitRows * kMostColumns) * 4 <=
              ThreadPool::kScratchBytes);

// A thread's buffers: rows of a tail, a block of B, decoded weights, and the sums of a unit.
struct Scratch {
  Bf16 *tail, *block;
  float *decoded, *sums;

  explicit Scratch(std::byte* memory)
      : tail(reinterpret_cast<Bf16*>(memory)),
        block(tail + kMostUnitRows * kMostDepth),
        decoded(reinterpret_cast<float*>(block + kMostBlock)),
        sums(decoded + kLanes * kMostDepth) {}
};

// The rows of all products of a run, and the part of them that is packed now, rows [first, first + rows) by elements
// [d, d + pass_depth): packed[block of the depth][row][kDepth].
template <int64_t kDepth>
struct SharedRows {
  const float* from;
  int64_t stride, m, depth;
  Bf16* packed;
  int64_t first = 0, rows = 0, d = 0, pass_depth = 0;

  int64_t most_rows() const {
    return kPackedBytes / 2 / round_up(min(max(depth, 1), kPassDepth), kDepth) / kTileRows * kTileRows;
  }
  bool is_last() const { return d + pass_depth == depth; }
  // Row `row` of those packed from element `offset` of the pass on, a multiple of kDepth.
  const Bf16* at(int64_t row, int64_t offset) const { return packed + offset * rows + row * kDepth; }

  void pack(Queue& queue) const {
    queue.parallel_for(rows, kRowsOfChunk, [&](int64_t begin, int64_t end, int) {
      for (int64_t offset = 0; offset < pass_depth; offset += kDepth)
        pack_rows_a(from + (first + begin) * stride + d + offset, stride, end - begin, min(kDepth, pass_depth - offset),
                    packed + offset * rows + begin * kDepth, kDepth);
    });
  }
};

// Rows [row, row + rows) of those packed, by columns [column, column + columns) of a job.
template <class Columns>
class Unit {
 public:
  Unit(const Job<Columns>& job, const SharedRows<Columns::kDepth>& shared, const Scratch& scratch, int64_t row,
       int64_t rows, int64_t column, int64_t columns)
      : job_(job), shared_(shared), scratch_(scratch), row_(row), rows_(rows), column_(column), columns_(columns) {}

  void run() {
    for (int64_t offset = 0; offset < shared_.pass_depth; offset += kDepth) {
      const int64_t depth = min(kDepth, shared_.pass_depth - offset);
      pack(job_.source, shared_.d + offset, depth);
      const auto multiply_rows_of = [&](int64_t first, int64_t rows, bool last) {
        multiply(first, rows, shared_.at(row_ + first, offset), depth, offset == 0, last, 1.0f);
      };
      if (offset + kDepth < shared_.pass_depth)
        multiply_rows_of(0, rows_, false);
      else if (!shared_.is_last())
        multiply_rows_of(0, rows_, true);
      else
        for_tails([&](int64_t first, int64_t rows, const LowRankTail* tail) {
          multiply_rows_of(first, rows, tail == nullptr);
        });
    }
    if (shared_.is_last())
      for_tails([&](int64_t first, int64_t rows, const LowRankTail* tail) {
        if (tail != nullptr) add_tail(first, rows, *tail);
      });
  }

 private:
  static constexpr int64_t kDepth = Columns::kDepth;

  // run(first row of the unit, number of rows, tail or null), cut where what rows add changes.
  template <class Run>
  void for_tails(Run run) const {
    const int64_t begin = shared_.first + row_;
    job_.tails.for_rows(begin, begin + rows_, [&](int64_t first, int64_t last, const LowRankTail* tail) {
      run(first - begin, last - first, tail);
    });
  }

  void add_tail(int64_t first, int64_t rows, const LowRankTail& tail) const {
    const Columns source = Columns::of(tail.w);
    for (int64_t d = 0; d < source.depth(); d += kDepth) {
      const int64_t depth = min(kDepth, source.depth() - d);
      pack_rows_a(tail.x + d, tail.x_stride, rows, depth, scratch_.tail, kDepth);
      pack(source, d, depth);
      multiply(first, rows, scratch_.tail, depth, false, d + kDepth >= source.depth(), tail.scale);
    }
  }

  void pack(const Columns& source, int64_t d, int64_t depth) const {
    source.pack({d, depth, column_, columns_, scratch_.block, scratch_.decoded});
  }

  // Multiplies what is packed by rows [first, first + rows) of the unit, the last of its blocks into c.
  void multiply(int64_t first, int64_t rows, const Bf16* left, int64_t depth, bool begins, bool last,
                float factor) const {
    float* sums = scratch_.sums + first * kMostColumns;
    Output out = {sums, kMostColumns, 1.0f, nullptr, false};
    if (last)
      out = {job_.c + (shared_.first + row_ + first) * job_.stride + column_, job_.stride, job_.scale,
             job_.bias != nullptr && shared_.d == 0 ? job_.bias + column_ : nullptr, job_.add || shared_.d > 0};
    if (!begins) {
      out.before = sums;
      out.before_stride = kMostColumns;
      out.factor = factor;
    }
    multiply_block(rows, {left, kDepth}, scratch_.block, kDepth / 2, ceil_div(depth, 2), out, columns_);
  }

  const Job<Columns>& job_;
  const SharedRows<kDepth>& shared_;
  const Scratch& scratch_;
  int64_t row_, rows_, column_, columns_;
};

// The units of jobs that do not depend on each other.
template <class Columns>
static void run_units(const Job<Columns>* jobs, int64_t n, const SharedRows<Columns::kDepth>& shared, Queue& queue) {
  Split splits[kMostTogether];
  int64_t ends[kMostTogether], n_units = 0;  // ends: of the units of each job
  for (int64_t i = 0; i < n; ++i) {
    splits[i] = split_work(shared.rows, jobs[i].n_columns, jobs[i].unit_columns);
    ends[i] = n_units += splits[i].units();
  }
  queue.parallel_for(n_units, 1, [&](int64_t unit, int64_t, int thread) {
    int64_t i = 0;
    while (unit >= ends[i]) ++i;
    const Split& s = splits[i];
    if (i > 0) unit -= ends[i - 1];
    const int64_t column = unit / s.n_row_blocks * s.columns, row = unit % s.n_row_blocks * s.rows;
    Unit<Columns>(jobs[i], shared, Scratch(queue.scratch(thread)), row, min(s.rows, shared.rows - row), column,
                  min(s.columns, jobs[i].n_columns - column))
        .run();
  });
}

// At most kMostTogether jobs of the same rows; a job may need one before it.
template <class Columns>
static void run_jobs(const Job<Columns>* jobs, int64_t n, SharedRows<Columns::kDepth> shared, Queue& queue) {
  ThreadPool::Turn turn(queue.threads());
  shared.packed = reinterpret_cast<Bf16*>(turn.shared());
  const int64_t most = shared.most_rows();
  for (shared.first = 0; shared.first < shared.m; shared.first += most) {
    shared.rows = min(most, shared.m - shared.first);
    bool packed = false;  // the whole depth, for all stages
    for_each_stage(jobs, n, [&](const Job<Columns>* stage, int64_t n_stage) {
      shared.d = 0;
      do {
        shared.pass_depth = min(kPassDepth, shared.depth - shared.d);
        if (!packed) shared.pack(queue);
        packed = shared.depth <= kPassDepth;
        run_units(stage, n_stage, shared, queue);
        shared.d += shared.pass_depth;
      } while (shared.d < shared.depth);
    });
  }
}

}  // namespace chaku::avx512bf16
