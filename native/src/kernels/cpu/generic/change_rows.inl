// Rows stand side by side in lanes, since the columns of one depend on each other: up to four vectors of them, whose
// sums along the directions are read and written for every column. What is unpacked and packed is a tile of columns.
#pragma once

#include "kernels/cpu/generic/doubles.h"
#include "kernels/cpu/generic/lanes.h"
#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/simd.h"
#include "kernels/queue.h"
#include "quant/code_grid.h"
#include "quant/codec.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kTile = 256;  // columns: whole blocks of every format, whose squares are added in float32
constexpr int kMostVectors = 4;
constexpr int kMostRows = kMostVectors * kLanes;
constexpr int kLeastGroup = 16;  // columns that share a step
constexpr int kParts = 16;       // of a comparison's sums

// ---- adding low-rank products

template <int kRows>
CHAKU_INLINE void add_to_rows(const AddLowRankProblem& p, int64_t m, int64_t begin, int64_t end) {
  for (int64_t k = begin; k < end; k += kLanes) {
    const int64_t n = end - k;
    D sums[kRows][2];
    for (int i = 0; i < kRows; ++i) {
      const F x = load_n(p.x + (m + i) * p.k + k, n);
      sums[i][0] = low_f64(x);
      sums[i][1] = high_f64(x);
    }
    for (int64_t r = 0; r < p.rank; ++r) {
      const F d = load_n(p.d + r * p.k + k, n);
      const D low = low_f64(d), high = high_f64(d);
      for (int i = 0; i < kRows; ++i) {
        const D c = broadcast_f64(p.c[(m + i) * p.rank + r]);
        sums[i][0] = sums[i][0] + c * low;
        sums[i][1] = sums[i][1] + c * high;
      }
    }
    for (int i = 0; i < kRows; ++i) store_n(p.y + (m + i) * p.k + k, join_f64(sums[i][0], sums[i][1]), n);
  }
}

void add_low_rank(const AddLowRankProblem& p, Queue& queue) noexcept {
  constexpr int64_t kColumns = 512;  // of which sixteen directions fit the first cache
  constexpr int kTogether = 4;
  queue.parallel_for(p.m, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t k = 0; k < p.k; k += kColumns) {
      const int64_t to = min(p.k, k + kColumns);
      int64_t m = begin;
      for (; m + kTogether <= end; m += kTogether) add_to_rows<kTogether>(p, m, k, to);
      for (; m < end; ++m) add_to_rows<1>(p, m, k, to);
    }
  });
}

// ---- rounding along directions

// Some rows, and a thread's memory for them. Arrays [.., rows] have `width` rows, of which the last are repeated.
struct LaneRows {
  int64_t width;
  const float* x[kMostRows];  // their values
  uint8_t* blocks[kMostRows];
  float *values, *codes;              // [kTile, rows]
  float *steps, *offsets, *inverses;  // [kTile / kLeastGroup, rows]
  float* sums;                        // [R, rows]
  uint8_t* bytes;                     // [rows, kTile]
  double errors[kMostRows];
  float beyond[kMostRows];
};

// Bytes of a thread's memory for a width.
CHAKU_INLINE int64_t lane_bytes(int64_t width, int64_t rank) {
  return width * (4 * (2 * kTile + 3 * (kTile / kLeastGroup) + rank) + kTile);
}

CHAKU_INLINE void place(LaneRows& rows, int64_t width, int64_t rank, std::byte* memory) {
  float* at = reinterpret_cast<float*>(memory);
  const auto take = [&](int64_t n) {
    float* taken = at;
    at += n * width;
    return taken;
  };
  rows.width = width;
  rows.values = take(kTile);
  rows.codes = take(kTile);
  rows.steps = take(kTile / kLeastGroup);
  rows.offsets = take(kTile / kLeastGroup);
  rows.inverses = take(kTile / kLeastGroup);
  rows.sums = take(rank);
  rows.bytes = reinterpret_cast<uint8_t*>(at);
}

CHAKU_INLINE void read_scales(const LaneRows& rows, const CodeGrid& grid, int64_t block, int64_t n_blocks,
                              int64_t block_bytes) {
  const int n_groups = grid.block_elements / grid.group;
  for (int64_t row = 0; row < rows.width; ++row)
    for (int64_t b = 0; b < n_blocks; ++b) {
      float steps[CodeGrid::kMaxGroups], offsets[CodeGrid::kMaxGroups];
      grid.read_scales(rows.blocks[row] + (block + b) * block_bytes, steps, offsets);
      for (int g = 0; g < n_groups; ++g) {
        rows.steps[(b * n_groups + g) * rows.width + row] = steps[g];
        rows.offsets[(b * n_groups + g) * rows.width + row] = offsets[g];
      }
    }
  const F least = broadcast(1e-30f), one = broadcast(1.0f);
  for (int64_t i = 0; i < n_blocks * n_groups * rows.width; i += kLanes) {
    const F step = load(rows.steps + i);
    const auto small = less(magnitude(step), least);
    store(rows.inverses + i, select(small, zero(), one / select(small, one, step)));
  }
}

// Levels of a grid, in registers.
template <bool kTable>
struct LevelsOf {
  F least, most;
  float middles[15] = {}, rises[15] = {};

  CHAKU_INLINE LevelsOf of(const CodeGrid& grid) {
    LevelsOf levels;
    if constexpr (kTable) {
      levels.least = broadcast(grid.table[0]);
      levels.most = broadcast(grid.table[15]);
      for (int i = 0; i < 15; ++i) {
        levels.middles[i] = (grid.table[i] + grid.table[i + 1]) * 0.5f;
        levels.rises[i] = grid.table[i + 1] - grid.table[i];
      }
    } else {
      levels.least = broadcast(static_cast<float>(grid.lowest));
      levels.most = broadcast(static_cast<float>(grid.highest));
    }
    return levels;
  }

  // The level nearest to v, which lies among them, and its code.
  CHAKU_INLINE F nearest(const LevelsOf& levels, F v, F* code) {
    if constexpr (!kTable) {
      const F level = round_to_even(v);
      *code = level - levels.least;
      return level;
    } else {
      F level = levels.least, index = zero();
      for (int i = 0; i < 15; ++i) {
        const auto above = less(broadcast(levels.middles[i]), v);
        level = level + select(above, broadcast(levels.rises[i]), zero());
        index = index + select(above, broadcast(1.0f), zero());
      }
      *code = index;
      return level;
    }
  }
};

// Chooses the codes of a group's columns [k, k + n), which are those from `at` of the tile.
template <int V, bool kTable>
static void choose_group(const RoundAlongProblem& p, const LaneRows& rows, const LevelsOf<kTable>& levels, int64_t k,
                         int64_t n, int64_t at, int64_t group, F* back, F* squares, F* beyond) {
  F step[V], offset[V], inverse[V];
  for (int v = 0; v < V; ++v) {
    step[v] = load(rows.steps + group * V * kLanes + v * kLanes);
    offset[v] = load(rows.offsets + group * V * kLanes + v * kLanes);
    inverse[v] = load(rows.inverses + group * V * kLanes + v * kLanes);
  }
  for (int64_t i = 0; i < n; ++i) {
    const float* value = rows.values + (at + i) * V * kLanes;
    float* codes = rows.codes + (at + i) * V * kLanes;
    F e[V];
    for (int v = 0; v < V; ++v) {
      const F x = load(value + v * kLanes), wanted = (x + back[v] - offset[v]) * inverse[v];
      const F inside = minimum(maximum(wanted, levels.least), levels.most);
      F code;
      const F level = LevelsOf<kTable>::nearest(levels, inside, &code);
      beyond[v] = maximum(beyond[v], magnitude(wanted - inside));
      e[v] = step[v] * level + offset[v] - x;
      squares[v] = fma(e[v], e[v], squares[v]);
      store(codes + v * kLanes, code);
      back[v] = zero();
    }
    // The sums with this column's errors, and what they say of the next one's aim.
    const float* along = p.v + (k + i) * p.rank;
    const float* aims = p.u + min(k + i + 1, p.k - 1) * p.rank;
    for (int64_t r = 0; r < p.rank; ++r) {
      const F direction = broadcast(along[r]), aim = broadcast(aims[r]);
      float* sums = rows.sums + r * V * kLanes;
      for (int v = 0; v < V; ++v) {
        const F sum = fma(direction, e[v], load(sums + v * kLanes));
        store(sums + v * kLanes, sum);
        back[v] = fnma(aim, sum, back[v]);
      }
    }
  }
}

CHAKU_INLINE void start(const RoundAlongProblem& p, LaneRows& rows) {
  for (int64_t i = 0; i < p.rank * rows.width; i += kLanes) store(rows.sums + i, zero());
  for (int64_t i = 0; i < rows.width; ++i) rows.errors[i] = 0;
}

template <int V>
CHAKU_INLINE void add_squares(LaneRows& rows, const F* squares) {
  float tile[V * kLanes];
  for (int v = 0; v < V; ++v) store(tile + v * kLanes, squares[v]);
  for (int i = 0; i < V * kLanes; ++i) rows.errors[i] += static_cast<double>(tile[i]);
}

template <int V>
CHAKU_INLINE void add_sums(const RoundAlongProblem& p, LaneRows& rows) {
  for (int64_t r = 0; r < p.rank; ++r)
    for (int i = 0; i < V * kLanes; ++i) {
      const double sum = static_cast<double>(rows.sums[r * V * kLanes + i]);
      rows.errors[i] += sum * sum;
    }
}

// Codes of rows in the scales of their blocks.
template <int V, bool kTable>
static void choose_codes(const RoundAlongProblem& p, const CodeGrid& grid, LaneRows& rows) {
  const int64_t block_bytes = dtype_info(p.dtype).block_bytes;
  const LevelsOf<kTable> levels = LevelsOf<kTable>::of(grid);
  F beyond[V], back[V];
  for (int v = 0; v < V; ++v) beyond[v] = back[v] = zero();
  start(p, rows);
  for (int64_t at = 0; at < p.k; at += kTile) {
    const int64_t n = min(kTile, p.k - at), block = at / grid.block_elements, n_blocks = n / grid.block_elements;
    to_lanes(rows.width, n, [&](int64_t row) { return rows.x[row] + at; }, rows.values);
    read_scales(rows, grid, block, n_blocks, block_bytes);
    F squares[V];
    for (int v = 0; v < V; ++v) squares[v] = zero();
    for (int64_t k = 0; k < n; k += grid.group)
      choose_group<V, kTable>(p, rows, levels, at + k, grid.group, k, k / grid.group, back, squares, beyond);
    add_squares<V>(rows, squares);
    to_bytes(rows.codes, rows.width, n, rows.bytes, kTile);
    for (int64_t row = 0; row < rows.width; ++row)
      for (int64_t b = 0; b < n_blocks; ++b)
        grid.write_codes(rows.bytes + row * kTile + b * grid.block_elements,
                         rows.blocks[row] + (block + b) * block_bytes);
  }
  add_sums<V>(p, rows);
  for (int v = 0; v < V; ++v) store(rows.beyond + v * kLanes, beyond[v]);
}

constexpr int kColumnsAtOnce = 4;

// The squared errors and sums of columns from k on, whose errors are rows.values from `at` on.
template <int V>
CHAKU_INLINE void add_errors(const RoundAlongProblem& p, const LaneRows& rows, int64_t k, int64_t at, F* squares) {
  F e[kColumnsAtOnce][V];
  for (int i = 0; i < kColumnsAtOnce; ++i)
    for (int v = 0; v < V; ++v) {
      e[i][v] = load(rows.values + (at + i) * V * kLanes + v * kLanes);
      squares[v] = fma(e[i][v], e[i][v], squares[v]);
    }
  for (int64_t r = 0; r < p.rank; ++r) {
    F sum[V];
    for (int v = 0; v < V; ++v) sum[v] = load(rows.sums + r * V * kLanes + v * kLanes);
    for (int i = 0; i < kColumnsAtOnce; ++i) {
      const F direction = broadcast(p.v[(k + i) * p.rank + r]);
      for (int v = 0; v < V; ++v) sum[v] = fma(direction, e[i][v], sum[v]);
    }
    for (int v = 0; v < V; ++v) store(rows.sums + r * V * kLanes + v * kLanes, sum[v]);
  }
}

// The measure of rows' blocks as they are.
template <int V>
static void measure_blocks(const RoundAlongProblem& p, LaneRows& rows) {
  start(p, rows);
  for (int64_t at = 0; at < p.k; at += kTile) {
    const int64_t n = min(kTile, p.k - at), n_before = row_bytes(p.dtype, at);
    float* decoded = rows.codes;  // [rows, kTile] first
    for (int64_t row = 0; row < rows.width; ++row)
      dequantize(p.dtype, rows.blocks[row] + n_before, decoded + row * kTile, n);
    for (int64_t row = 0; row < rows.width; ++row)
      for (int64_t k = 0; k < n; k += kLanes)
        store(decoded + row * kTile + k, load(decoded + row * kTile + k) - load(rows.x[row] + at + k));
    to_lanes(rows.width, n, [&](int64_t row) { return decoded + row * kTile; }, rows.values);
    F squares[V];
    for (int v = 0; v < V; ++v) squares[v] = zero();
    for (int64_t k = 0; k < n; k += kColumnsAtOnce) add_errors<V>(p, rows, at + k, k, squares);
    add_squares<V>(rows, squares);
  }
  add_sums<V>(p, rows);
}

template <int V>
CHAKU_INLINE void choose(const RoundAlongProblem& p, const CodeGrid& grid, LaneRows& rows) {
  if (grid.table != nullptr)
    choose_codes<V, true>(p, grid, rows);
  else
    choose_codes<V, false>(p, grid, rows);
}

CHAKU_INLINE int64_t width_of(int64_t n) { return n > 2 * kLanes ? 4 * kLanes : n > kLanes ? 2 * kLanes : kLanes; }

enum class Walk { kChoose, kMeasure };

static void walk(const RoundAlongProblem& p, const CodeGrid& grid, Walk what, LaneRows& rows) {
  const bool chooses = what == Walk::kChoose;
  switch (rows.width / kLanes) {
    case 4: return chooses ? choose<4>(p, grid, rows) : measure_blocks<4>(p, rows);
    case 2: return chooses ? choose<2>(p, grid, rows) : measure_blocks<2>(p, rows);
    default: return chooses ? choose<1>(p, grid, rows) : measure_blocks<1>(p, rows);
  }
}

// How many rows a thread rounds at once: what its scratch has room for, with two copies of their blocks.
CHAKU_INLINE int64_t rows_at_once(const RoundAlongProblem& p) {
  const int64_t n_bytes = 2 * row_bytes(p.dtype, p.k);
  for (int64_t n = kMostRows; n > kLanes; n /= 2)
    if (lane_bytes(n, p.rank) + n * n_bytes <= ThreadPool::kScratchBytes) return n;
  return max(1, min(kLanes, (ThreadPool::kScratchBytes - lane_bytes(kLanes, p.rank)) / n_bytes));
}

// Rows [begin, end) of the problem that are being rounded, the best so far of each in y.
struct Rounding {
  const RoundAlongProblem& p;
  const CodeGrid& grid;
  std::byte* scratch;
  int64_t n_bytes;
  int64_t row[kMostRows];  // those that are tried again
  double best[kMostRows];  // of these
  int64_t n;
  LaneRows lanes;

  uint8_t* y(int64_t m) const { return static_cast<uint8_t*>(p.y) + m * n_bytes; }

  // Lanes of the n rows, with blocks at these addresses.
  template <class BlocksOf>
  void fill(BlocksOf blocks_of) {
    place(lanes, width_of(n), p.rank, scratch);
    for (int64_t i = 0; i < lanes.width; ++i) {
      const int64_t one = min(i, n - 1);
      lanes.x[i] = p.x + row[one] * p.k;
      lanes.blocks[i] = blocks_of(one);
    }
  }

  // Takes the blocks of rows that are better than what they have.
  void take(const uint8_t* blocks) {
    for (int64_t i = 0; i < n; ++i)
      if (lanes.errors[i] < best[i]) {
        best[i] = lanes.errors[i];
        __builtin_memcpy(y(row[i]), blocks + i * n_bytes, static_cast<size_t>(n_bytes));
      }
  }
};

// Codes in the base's scales; leaves the rows whose range ends.
CHAKU_INLINE void round_in_base(Rounding& r) {
  const uint8_t* base = static_cast<const uint8_t*>(r.p.base);
  for (int64_t i = 0; i < r.n; ++i)
    __builtin_memcpy(r.y(r.row[i]), base + r.row[i] * r.n_bytes, static_cast<size_t>(r.n_bytes));
  r.fill([&](int64_t i) { return r.y(r.row[i]); });
  walk(r.p, r.grid, Walk::kChoose, r.lanes);
  int64_t left = 0;
  for (int64_t i = 0; i < r.n; ++i)
    if (!(r.lanes.beyond[i] < 0.5f)) {
      r.row[left] = r.row[i];
      r.best[left++] = r.lanes.errors[i];
    }
  r.n = left;
}

// Scales of a search, with codes chosen anew; and where directions are few, its blocks as they are.
CHAKU_INLINE void try_new_scales(Rounding& r) {
  const bool few = r.p.rank < kFewDirections;
  r.fill([](int64_t) { return static_cast<uint8_t*>(nullptr); });
  uint8_t* plain = reinterpret_cast<uint8_t*>(r.scratch + lane_bytes(r.lanes.width, r.p.rank));
  uint8_t* chosen = few ? plain + r.n * r.n_bytes : plain;
  for (int64_t i = 0; i < r.n; ++i)
    encode_row(r.p.dtype, r.p.x + r.row[i] * r.p.k, r.p.importance, r.p.k, few ? Effort::kFull : Effort::kQuick,
               plain + i * r.n_bytes);
  if (few) __builtin_memcpy(chosen, plain, static_cast<size_t>(r.n * r.n_bytes));
  r.fill([&](int64_t i) { return chosen + i * r.n_bytes; });
  walk(r.p, r.grid, Walk::kChoose, r.lanes);
  r.take(chosen);
  if (!few) return;
  r.fill([&](int64_t i) { return plain + i * r.n_bytes; });
  walk(r.p, r.grid, Walk::kMeasure, r.lanes);
  r.take(plain);
}

void round_along(const RoundAlongProblem& p, Queue& queue) noexcept {
  const CodeGrid& grid = *find_code_grid(p.dtype);
  const int64_t n_bytes = row_bytes(p.dtype, p.k);
  queue.parallel_for(p.m, rows_at_once(p), [&](int64_t begin, int64_t end, int thread) {
    Rounding r{p, grid, queue.scratch(thread), n_bytes, {}, {}, end - begin, {}};
    for (int64_t i = 0; i < r.n; ++i) {
      r.row[i] = begin + i;
      r.best[i] = __builtin_huge_val();
    }
    if (p.base != nullptr) round_in_base(r);
    if (r.n > 0) try_new_scales(r);
  });
}

// ---- comparing the change that came out

struct PartSums {
  static constexpr int kVectors = 2 * kParts / kLanes;
  D wanted[kVectors], common[kVectors], lost[kVectors];
};

CHAKU_INLINE void add_parts(PartSums& sums, int at, D weight, D d, D w) {
  const D miss = w - d;
  sums.wanted[at] = sums.wanted[at] + weight * d * d;
  sums.common[at] = sums.common[at] + weight * d * w;
  sums.lost[at] = sums.lost[at] + weight * miss * miss;
}

CHAKU_INLINE double add_up(const D* parts) {
  double values[kParts], sum = 0;
  for (int i = 0; i < PartSums::kVectors; ++i) store_f64(values + i * (kLanes / 2), parts[i]);
  for (int i = 0; i < kParts; ++i) sum += values[i];
  return sum;
}

CHAKU_INLINE ChangeSums add_up(const PartSums& sums) {
  return {add_up(sums.wanted), add_up(sums.common), add_up(sums.lost)};
}

CHAKU_INLINE void compare_row(const CompareChangeProblem& p, int64_t row, float* written) {
  PartSums plain{}, weighted{};
  const uint8_t* blocks = static_cast<const uint8_t*>(p.written) + row * row_bytes(p.dtype, p.k);
  const float *base = p.base + row * p.k, *wanted = p.wanted + row * p.k;
  const D one = broadcast_f64(1);
  for (int64_t at = 0; at < p.k; at += kTile) {
    const int64_t n = min(kTile, p.k - at);
    dequantize(p.dtype, blocks + row_bytes(p.dtype, at), written, n);
    for (int64_t k = 0; k < n; k += kParts)
      for (int part = 0; part < kParts && k + part < n; part += kLanes) {
        const int64_t i = k + part, left = n - i;
        const F was = load_n(base + at + i, left);
        const F d = load_n(wanted + at + i, left) - was, w = load_n(written + i, left) - was;
        const int v = 2 * part / kLanes;
        add_parts(plain, v, one, low_f64(d), low_f64(w));
        add_parts(plain, v + 1, one, high_f64(d), high_f64(w));
        if (p.weights != nullptr) {
          const F weight = load_n(p.weights + at + i, left);
          add_parts(weighted, v, low_f64(weight), low_f64(d), low_f64(w));
          add_parts(weighted, v + 1, high_f64(weight), high_f64(d), high_f64(w));
        }
      }
  }
  p.sums[row] = add_up(plain);
  if (p.weights != nullptr) p.weighted[row] = add_up(weighted);
}

void compare_change(const CompareChangeProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 8, [&](int64_t begin, int64_t end, int thread) {
    float* written = reinterpret_cast<float*>(queue.scratch(thread));
    for (int64_t row = begin; row < end; ++row) compare_row(p, row, written);
  });
}

}  // namespace chaku::CHAKU_ISA
