// Packing of float32 matrices into the panels that gemm.inl reads.
#pragma once

#include "kernels/cpu/generic/gemm.inl"

namespace chaku::CHAKU_ISA {

// to[c][r] = from[r][c]; `to` has to_stride >= rows rounded up to kLanes, its surplus zeroed, and columns rounded up
// too.
CHAKU_INLINE void transpose_block(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                                  int64_t to_stride) {
  for (int64_t c = 0; c < columns; c += kLanes)
    for (int64_t r = 0; r < rows; r += kLanes) {
      F tile[kLanes];
      for (int i = 0; i < kLanes; ++i)
        tile[i] = r + i < rows ? load_n(from + (r + i) * from_stride + c, columns - c) : zero();
      transpose(tile);
      for (int i = 0; i < kLanes; ++i) store(to + (c + i) * to_stride + r, tile[i]);
    }
}

// B = from: panels[c / kPanelColumns][r][c % kPanelColumns] = from[r][c], zero beyond the last column. Panels have room
// for `depth` rows.
CHAKU_INLINE void pack_rows(const float* from, int64_t stride, int64_t rows, int64_t columns, float* panels,
                            int64_t depth) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; c += kLanes)
      store(panels + (c / kPanelColumns * depth + r) * kPanelColumns + c % kPanelColumns,
            load_n(from + r * stride + c, columns - c));
}

// B = from^T: panels[r / kPanelColumns][c][r % kPanelColumns] = from[r][c], zero beyond the last row of a vector.
// Panels have room for `depth` columns of `from`, rounded up to kLanes.
CHAKU_INLINE void pack_transposed(const float* from, int64_t stride, int64_t rows, int64_t columns, float* panels,
                                  int64_t depth) {
  for (int64_t r = 0; r < rows; r += kPanelColumns)
    transpose_block(from + r * stride, stride, min(kPanelColumns, rows - r), columns, panels + r * depth,
                    kPanelColumns);
}

}  // namespace chaku::CHAKU_ISA
