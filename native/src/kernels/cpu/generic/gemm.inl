// The register-blocked core of all large products: C[rows, columns] (+)= scale * A[rows, depth] B[depth, columns].
//
// A is read in place, row by row; B is a packed panel, kPanelColumns wide, so that each step over depth loads a few
// vectors of B and broadcasts one element of each of six rows of A. 6 x 4 vectors of 16 (AVX-512) or 6 x 2 vectors of 8
// (AVX2) fill the register file: 24 or 12 independent sums hide the latency of fused multiply-add.
// Depth is cut into blocks whose partial sums meet in C, in the order of the blocks.
// Source: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008.
#pragma once

#include "kernels/cpu/generic/tiles.h"

namespace chaku::CHAKU_ISA {

// A as rows in place.
struct Left {
  const float* a;
  int64_t stride;
};

// Never inlined: what surrounds a call takes registers, and then a sum would live in memory.
template <int kRows, int kVectors>
__attribute__((noinline, noclone)) static void multiply_tile(const Left& left, const float* panel, int64_t depth,
                                                             const Output& out, int64_t columns) {
  F sums[kRows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[r][v] = zero();
  const float* a = left.a;
  const int64_t stride = left.stride;
  for (int64_t k = 0; k < depth; ++k) {
    F b[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) b[v] = load(panel + k * kPanelColumns + v * kLanes);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const F x = broadcast(a[r * stride + k]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = fma(x, b[v], sums[r][v]);
    }
  }
  store_tile<kRows, kVectors>(sums, out, columns);
}

template <int kVectors>
static void multiply_rows(int64_t rows, const Left& left, const float* panel, int64_t depth, const Output& out,
                          int64_t columns) {
  switch (rows) {
    case 1: return multiply_tile<1, kVectors>(left, panel, depth, out, columns);
    case 2: return multiply_tile<2, kVectors>(left, panel, depth, out, columns);
    case 3: return multiply_tile<3, kVectors>(left, panel, depth, out, columns);
    case 4: return multiply_tile<4, kVectors>(left, panel, depth, out, columns);
    case 5: return multiply_tile<5, kVectors>(left, panel, depth, out, columns);
    default: return multiply_tile<6, kVectors>(left, panel, depth, out, columns);
  }
}

// One tile of up to kTileRows x kPanelColumns.
static void multiply_small(int64_t rows, const Left& left, const float* panel, int64_t depth, const Output& out,
                           int64_t columns) {
  const int64_t vectors = ceil_div(columns, kLanes);
  if (vectors == 1) return multiply_rows<1>(rows, left, panel, depth, out, columns);
  if (kTileVectors == 4 && vectors == 2) return multiply_rows<2>(rows, left, panel, depth, out, columns);
  if (kTileVectors == 4 && vectors == 3) return multiply_rows<3>(rows, left, panel, depth, out, columns);
  return multiply_rows<kTileVectors>(rows, left, panel, depth, out, columns);
}

// Any number of rows and columns; panels of kPanelColumns columns lie panel_stride floats apart. A tile of A stays in
// the first-level cache while the panels pass.
static void multiply_block(int64_t rows, Left left, const float* panels, int64_t panel_stride, int64_t depth,
                           const Output& out, int64_t columns) {
  for (int64_t r = 0; r < rows; r += kTileRows)
    for (int64_t c = 0; c < columns; c += kPanelColumns) {
      const Left tile = {left.a + r * left.stride, left.stride};
      multiply_small(min(rows - r, kTileRows), tile, panels + c / kPanelColumns * panel_stride, depth, out.at(r, c),
                     min(columns - c, kPanelColumns));
    }
}

}  // namespace chaku::CHAKU_ISA
