// The core of large products on bfloat16 operands with float32 sums: as generic/gemm.inl, but depth goes in pairs.
//
// One vdpbf16ps multiplies 16 pairs of B by one pair of A. A is packed as rows of bfloat16, B as panels of pairs:
// panel[pair][column][2], which is also what a tile of AMX reads. Both are rounded to nearest even once; denormals
// count as zero.
#pragma once

#ifndef CHAKU_ISA
#define CHAKU_ISA avx512bf16
#endif

#include "kernels/cpu/generic/bf16.h"
#include "kernels/cpu/generic/tiles.h"

namespace chaku::avx512bf16 {

// A block of A: rows of bfloat16, pitch elements apart, each padded with zeros to a whole number of pairs.
struct PackedRows {
  const Bf16* a;
  int64_t pitch;
};

// Rows of floats to rows of bfloat16, `depth` of them padded with zeros to a multiple of 32.
CHAKU_INLINE void pack_rows_a(const float* from, int64_t stride, int64_t rows, int64_t depth, Bf16* to, int64_t pitch) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t d = 0; d < depth; d += 2 * kLanes) {
      const float* at = from + r * stride + d;
      const F low = load_n(at, depth - d), high = depth - d > kLanes ? load_n(at + kLanes, depth - d - kLanes) : zero();
      _mm512_storeu_si512(to + r * pitch + d, round_pair(low, high));
    }
}

// One pair of rows of B into panels with room for `pairs` pairs: columns of row0 and row1, zero beyond the last.
CHAKU_INLINE void pack_pair_b(const float* row0, const float* row1, int64_t columns, int64_t pair, Bf16* panels,
                              int64_t pairs) {
  for (int64_t c = 0; c < columns; c += kLanes) {
    const F low = load_n(row0 + c, columns - c), high = row1 != nullptr ? load_n(row1 + c, columns - c) : zero();
    Bf16* to = panels + ((c / kPanelColumns * pairs + pair) * kPanelColumns + c % kPanelColumns) * 2;
    _mm512_storeu_si512(to, interleave(low, high));
  }
}

template <int kRows, int kVectors>
__attribute__((noinline, noclone)) static void multiply_tile(const PackedRows& left, const Bf16* panel, int64_t pairs,
                                                             const Output& out, int64_t columns) {
  F sums[kRows][kVectors];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[r][v] = zero();
  const int32_t* a = reinterpret_cast<const int32_t*>(left.a);
  const int64_t stride = left.pitch / 2;
  for (int64_t k = 0; k < pairs; ++k) {
    __m512bh b[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      b[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel + (k * kPanelColumns + v * kLanes) * 2));
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const __m512bh x = reinterpret_cast<__m512bh>(_mm512_set1_epi32(a[r * stride + k]));
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], x, b[v]);
    }
  }
  store_tile<kRows, kVectors>(sums, out, columns);
}

template <int kVectors>
static void multiply_rows(int64_t rows, const PackedRows& left, const Bf16* panel, int64_t pairs, const Output& out,
                          int64_t columns) {
  switch (rows) {
    case 1: return multiply_tile<1, kVectors>(left, panel, pairs, out, columns);
    case 2: return multiply_tile<2, kVectors>(left, panel, pairs, out, columns);
    case 3: return multiply_tile<3, kVectors>(left, panel, pairs, out, columns);
    case 4: return multiply_tile<4, kVectors>(left, panel, pairs, out, columns);
    case 5: return multiply_tile<5, kVectors>(left, panel, pairs, out, columns);
    default: return multiply_tile<6, kVectors>(left, panel, pairs, out, columns);
  }
}

// Tiles of two registers' width or less are twice as high, so that there are sums enough to hide the latency.
template <int kVectors>
static void multiply_narrow(int64_t rows, const PackedRows& left, const Bf16* panel, int64_t pairs, const Output& out,
                            int64_t columns) {
  constexpr int kHigh = 2 * kTileRows;
  int64_t r = 0;
  for (; r + kHigh <= rows; r += kHigh)
    multiply_tile<kHigh, kVectors>({left.a + r * left.pitch, left.pitch}, panel, pairs, out.at(r, 0), columns);
  for (; r < rows; r += kTileRows)
    multiply_rows<kVectors>(min(rows - r, kTileRows), {left.a + r * left.pitch, left.pitch}, panel, pairs, out.at(r, 0),
                            columns);
}

// Any number of rows and columns; panels lie panel_pairs pairs apart.
static void multiply_block(int64_t rows, const PackedRows& left, const Bf16* panels, int64_t panel_pairs, int64_t pairs,
                           const Output& out, int64_t columns) {
  if (columns <= kLanes) return multiply_narrow<1>(rows, left, panels, pairs, out, columns);
  if (columns <= 2 * kLanes) return multiply_narrow<2>(rows, left, panels, pairs, out, columns);
  for (int64_t r = 0; r < rows; r += kTileRows)
    for (int64_t c = 0; c < columns; c += kPanelColumns) {
      const PackedRows tile = {left.a + r * left.pitch, left.pitch};
      const Bf16* panel = panels + c * panel_pairs * 2;
      const Output target = out.at(r, c);
      const int64_t n_rows = min(rows - r, kTileRows), n_columns = min(columns - c, kPanelColumns);
      switch (ceil_div(n_columns, kLanes)) {
        case 1: multiply_rows<1>(n_rows, tile, panel, pairs, target, n_columns); break;
        case 2: multiply_rows<2>(n_rows, tile, panel, pairs, target, n_columns); break;
        case 3: multiply_rows<3>(n_rows, tile, panel, pairs, target, n_columns); break;
        default: multiply_rows<4>(n_rows, tile, panel, pairs, target, n_columns); break;
      }
    }
}

}  // namespace chaku::avx512bf16
