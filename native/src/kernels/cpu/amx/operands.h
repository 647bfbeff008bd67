// How matrices become tiles. Both operands lie as strips of 32 rows or columns, a strip as steps of 32 of the depth, a
// step as two tiles:
//   rows      strip[step][row / 16][row % 16][32]       bfloat16 of the depth as they lie
//   columns   strip[step][column / 16][pair][column % 16][2]
// What lies beyond the matrix within a tile that is used is zero in both. Turned, rows lie as columns do, and the other
// way round: which of both is spread over pairs is free, and costs a transposition.
#pragma once

#ifndef CHAKU_ISA
#define CHAKU_ISA amx
#endif

#include "kernels/cpu/amx/bf16_rows.h"
#include "kernels/cpu/amx/tiles.h"

namespace chaku::amx {

constexpr int64_t kBlockDepth = 256, kMostColumns = 256;  // of a block of columns
constexpr int64_t kBlockSteps = kBlockDepth / kStepDepth;
constexpr int64_t kBlockElements = kBlockDepth * kMostColumns;
constexpr int64_t kRowsAhead = 8;  // of a weight, prefetched

static_assert(kBlockDepth == kMostRange && kMostColumns == kMostRange && kMostRange % kRangeAlignment == 0);

// 16 rows of 16 dwords.
CHAKU_INLINE void transpose_dwords(I (&rows)[16]) {
  F floats[16];
  for (int i = 0; i < 16; ++i) floats[i] = _mm512_castsi512_ps(rows[i]);
  transpose(floats);
  for (int i = 0; i < 16; ++i) rows[i] = _mm512_castps_si512(floats[i]);
}

// A float32 matrix whose rows, `depth` long, are rows [first, end) of the product, each element times a factor; other
// rows are zero.
struct RowsInPlace {
  const float* from;
  int64_t stride;
  float factor = 1.0f;
  int64_t first = 0, end = INT64_MAX;

  // As columns lie.
  void pack_turned(int64_t row, int64_t count, int64_t d, int64_t depth, Bf16* strip) const {
    pack(row, count, d, depth, strip);
    for (int64_t done = 0; done < depth; done += kStepDepth, strip += kStepElements)
      for (int64_t r = 0; r < count; r += kTileSide) {
        I tile[16];
        Bf16* at = strip + r * kStepDepth;
        for (int64_t i = 0; i < 16; ++i) tile[i] = _mm512_loadu_si512(at + i * kStepDepth);
        transpose_dwords(tile);
        for (int64_t i = 0; i < 16; ++i) store_row(at + i * kStepDepth, tile[i]);
      }
  }

  // `count` of them from `row` on, at most 32, by elements [d, d + depth), d a multiple of 32.
  void pack(int64_t row, int64_t count, int64_t d, int64_t depth, Bf16* strip) const {
    const int64_t padded = round_up(count, kTileSide);
    const F scale = broadcast(factor);
    for (int64_t r = 0; r < padded; ++r) {
      const bool is_there = r < count && row + r >= first && row + r < end;
      const float* at = from + (is_there ? row + r - first : 0) * stride + d;
      Bf16* to = strip + r * kStepDepth;
      const int64_t length = is_there ? depth : 0;
      int64_t done = 0;
      for (; done + kStepDepth <= length; done += kStepDepth, to += kStepElements)
        store_row(to, round_pair(scale * load(at + done), scale * load(at + done + kLanes)));
      for (; done < depth; done += kStepDepth, to += kStepElements)
        store_row(to, round_pair(scale * load_n(at + done, max(length - done, 0)),
                                 scale * load_n(at + done + kLanes, max(length - done - kLanes, 0))));
    }
  }
};

// A float32 matrix [depth, rows]: its columns are rows of the product.
struct ColumnsInPlace {
  const float* from;
  int64_t stride;

  void pack(int64_t row, int64_t count, int64_t d, int64_t depth, Bf16* strip) const {
    for (int64_t done = 0; done < depth; done += kStepDepth, strip += kStepElements)
      for (int64_t r = 0; r < count; r += kTileSide) {
        I tile[16];
        for (int64_t pair = 0; pair < 16; ++pair) {
          const int64_t left = depth - done - 2 * pair;  // of the depth
          const float* at = from + (d + done + 2 * pair) * stride + row + r;
          tile[pair] =
              interleave(left > 0 ? load_n(at, count - r) : zero(), left > 1 ? load_n(at + stride, count - r) : zero());
        }
        transpose_dwords(tile);
        for (int64_t i = 0; i < 16; ++i) store_row(strip + (r + i) * kStepDepth, tile[i]);
      }
  }
};

// Several such matrices of the same depth, one behind the other; the rows of each begin a tile.
struct StackedColumns {
  struct Part {
    ColumnsInPlace from;
    int64_t first, rows;
  };
  const Part* parts;
  int64_t n;

  void pack(int64_t row, int64_t count, int64_t d, int64_t depth, Bf16* strip) const {
    for (int64_t r = 0; r < count; r += kTileSide) {
      const Part* part = parts;
      while (part + 1 < parts + n && row + r >= part[1].first) ++part;
      const int64_t local = row + r - part->first;
      part->from.pack(local, min(kTileSide, part->rows - local), d, depth, strip + r / kTileSide * kTileElements);
    }
  }
};

// A block of the columns operand, [d, d + depth) by [column, column + columns), that is made item by item, so that the
// vector units make the next one while the tiles multiply the current one.
struct BlockPlan {
  int64_t d, depth, column, columns;
  Bf16* to;       // strips, kBlockSteps long each
  Bf16* staging;  // of the thread, kTileSide rows of kMostRange

  int64_t steps() const { return ceil_div(depth, kStepDepth); }
  Bf16* step(int64_t strip, int64_t step) const { return to + (strip * kBlockSteps + step) * kStepElements; }
};

// Forward: the columns of the product are rows of the weight. Sixteen of them are decoded, and then their pairs are
// transposed as dwords, a tile an item.
struct WeightRows {
  static constexpr bool kTurned = false;
  Rows rows;
  RoundRange round;

  CHAKU_INLINE WeightRows of(const Matrix& w) { return {Rows::of(w), find_round_range(w.dtype)}; }
  CHAKU_INLINE int64_t depth_of(const Matrix& w) { return w.columns; }

  int64_t items(const BlockPlan& b) const { return ceil_div(b.columns, kTileSide) * (kTileSide + b.steps()); }

  void make(const BlockPlan& b, int64_t item) const {
    const int64_t group = item / (kTileSide + b.steps()), part = item % (kTileSide + b.steps());
    if (part < kTileSide) return decode(b, group * kTileSide + part, b.staging + part * kMostRange);
    const int64_t step = part - kTileSide;
    I tile[16];
    for (int64_t i = 0; i < 16; ++i) tile[i] = _mm512_loadu_si512(b.staging + i * kMostRange + step * kStepDepth);
    transpose_dwords(tile);
    Bf16* to = b.step(group / 2, step) + group % 2 * kTileElements;
    for (int64_t i = 0; i < 16; ++i) store_row(to + i * kStepDepth, tile[i]);
  }

 private:
  void decode(const BlockPlan& b, int64_t i, Bf16* to) const {
    if (i >= b.columns) {
      __builtin_memset(to, 0, static_cast<size_t>(b.steps() * kStepDepth) * sizeof(Bf16));
      return;
    }
    rows.prefetch(min(b.column + i + kRowsAhead, rows.rows - 1), b.d, b.depth);
    round(rows, b.column + i, b.d, b.depth, {to});
  }
};

// Forward of few rows: those are turned instead, and the weight's are decoded to their tiles, one an item.
struct TurnedWeightRows {
  static constexpr bool kTurned = true;
  Rows rows;
  RoundRange round;

  CHAKU_INLINE TurnedWeightRows of(const Matrix& w) { return {Rows::of(w), find_round_range(w.dtype)}; }
  CHAKU_INLINE int64_t depth_of(const Matrix& w) { return w.columns; }

  int64_t items(const BlockPlan& b) const { return round_up(b.columns, kTileSide); }

  void make(const BlockPlan& b, int64_t i) const {
    Bf16* to = b.step(i / kStrip, 0) + i % kStrip * kStepDepth;
    if (i < b.columns) {
      if (b.d == 0) rows.prefetch(min(b.column + i + kRowsAhead, rows.rows - 1), b.d, b.depth);
      rows.prefetch(b.column + i, b.d + b.depth, b.depth);  // of the next block
      return round(rows, b.column + i, b.d, b.depth, {to, kStepElements});
    }
    for (int64_t step = 0; step < b.steps(); ++step) store_row(to + step * kStepElements, _mm512_setzero_si512());
  }
};

// Backward: the depth of the product runs over rows of the weight. An item decodes two of them and interleaves them.
struct WeightDepth {
  static constexpr bool kTurned = false;
  Rows rows;
  RoundRange round;

  CHAKU_INLINE WeightDepth of(const Matrix& w) { return {Rows::of(w), find_round_range(w.dtype)}; }
  CHAKU_INLINE int64_t depth_of(const Matrix& w) { return w.rows; }

  int64_t items(const BlockPlan& b) const { return b.steps() * kStepDepth / 2; }

  void make(const BlockPlan& b, int64_t item) const {
    alignas(64) static constexpr uint16_t kOrder[64] = {0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                                        8,  40, 9,  41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47,
                                                        16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55,
                                                        24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63};
    const I low = _mm512_load_si512(kOrder), high = _mm512_load_si512(kOrder + 32);
    Bf16 *row0 = b.staging, *row1 = row0 + kMostRange;
    decode(b, 2 * item, row0);
    decode(b, 2 * item + 1, row1);
    for (int64_t c = 0; c < b.columns; c += kStrip) {
      const I first = _mm512_loadu_si512(row0 + c), second = _mm512_loadu_si512(row1 + c);
      Bf16* to = b.step(c / kStrip, item / kTileSide) + item % kTileSide * kStepDepth;
      store_row(to, _mm512_permutex2var_epi16(first, low, second));
      store_row(to + kTileElements, _mm512_permutex2var_epi16(first, high, second));
    }
  }

 private:
  void decode(const BlockPlan& b, int64_t i, Bf16* to) const {
    if (i >= b.depth) {
      __builtin_memset(to, 0, static_cast<size_t>(round_up(b.columns, kStrip)) * sizeof(Bf16));
      return;
    }
    rows.prefetch(min(b.d + i + kRowsAhead, rows.rows - 1), b.column, b.columns);
    round(rows, b.d + i, b.column, b.columns, {to});
  }
};

}  // namespace chaku::amx
