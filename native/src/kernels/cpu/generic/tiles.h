// What all cores of large products share: the size of a register tile, how its sums enter C, and how work is cut.
#pragma once

#include "kernels/cpu/generic/simd.h"

namespace chaku::CHAKU_ISA {

constexpr int kTileRows = 6;
constexpr int kTileVectors = kLanes == 16 ? 4 : 2;
constexpr int kPanelColumns = kTileVectors * kLanes;

// A block of C and how the sums enter it: c = scale * (factor * sums + before) + bias (+ c).
struct Output {
  float* c;
  int64_t stride;
  float scale;
  const float* bias;              // of its columns, or null
  bool add;                       // to what C holds
  const float* before = nullptr;  // sums of the depth so far, or null
  int64_t before_stride = 0;
  float factor = 1.0f;  // 1 without `before`

  Output at(int64_t row, int64_t column) const {
    Output o = *this;
    o.c += row * stride + column;
    if (bias != nullptr) o.bias += column;
    if (before != nullptr) o.before += row * before_stride + column;
    return o;
  }
};

template <bool kBefore, int kRows, int kVectors>
CHAKU_INLINE void store_sums(const F (&sums)[kRows][kVectors], const Output& out, int64_t columns) {
  const F factor = broadcast(out.factor), scale = broadcast(out.scale);
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
    float* c = out.c + r * out.stride;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int64_t n = columns - v * kLanes;  // lanes in use, or more
      F base = out.bias != nullptr ? load_n(out.bias + v * kLanes, n) : zero();
      if (out.add) base = base + load_n(c + v * kLanes, n);
      F sum = sums[r][v];
      if constexpr (kBefore) sum = fma(sum, factor, load_n(out.before + r * out.before_stride + v * kLanes, n));
      store_n(c + v * kLanes, fma(sum, scale, base), n);
    }
  }
}

template <int kRows, int kVectors>
CHAKU_INLINE void store_tile(const F (&sums)[kRows][kVectors], const Output& out, int64_t columns) {
  if (out.before != nullptr)
    store_sums<true>(sums, out, columns);
  else
    store_sums<false>(sums, out, columns);
}

// How a product is cut into units of work: by shape alone, never by the number of threads.
struct Split {
  int64_t rows, n_row_blocks, columns, n_column_blocks;

  int64_t units() const { return n_row_blocks * n_column_blocks; }
};

// Row blocks of at most 512, and shorter (but not under 96: a block pays for packing its panel) when there are few
// columns to share out.
CHAKU_INLINE Split split_work(int64_t m, int64_t n, int64_t columns) {
  constexpr int64_t kMostRows = 512, kFewestRows = 96, kEnoughUnits = 16;
  Split s;
  s.columns = columns;
  s.n_column_blocks = ceil_div(n, columns);
  s.n_row_blocks = ceil_div(m, kMostRows);
  while (s.n_row_blocks * s.n_column_blocks < kEnoughUnits && m / (s.n_row_blocks + 1) >= kFewestRows) ++s.n_row_blocks;
  s.rows = round_up(ceil_div(m, s.n_row_blocks), kTileRows);
  s.n_row_blocks = ceil_div(m, s.rows);
  return s;
}

}  // namespace chaku::CHAKU_ISA
