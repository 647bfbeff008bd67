// Operands of attention that tiles multiply: tiles are loaded where the matrices lie, rows apart.
#pragma once

#include "kernels/cpu/amx/tiles.h"
#include "kernels/cpu/generic/attention_bf16.inl"

namespace chaku::amx {

// kRows x kColumns tiles of sums over `steps` steps of the depth. The columns' tiles lie side by side in one panel.
template <int kRows, int kColumns>
__attribute__((noinline, noclone)) static void multiply_strided(LeftMatrix<Bf16> left, const Bf16* panel,
                                                                ProductSums sums, int64_t steps) {
  constexpr int64_t kPanelStride = kPanelColumns * 4;
  const int64_t pitch = left.pitch * 2, stride = sums.stride * 4;
  float* lower = sums.at + kTileSide * sums.stride;
  if (sums.add) {
    load_strided<0>(sums.at, stride);
    if constexpr (kColumns > 1) load_strided<1>(sums.at + kTileSide, stride);
    if constexpr (kRows > 1) load_strided<2>(lower, stride);
    if constexpr (kRows > 1 && kColumns > 1) load_strided<3>(lower + kTileSide, stride);
  } else {
    zero_tile<0>();
    if constexpr (kColumns > 1) zero_tile<1>();
    if constexpr (kRows > 1) zero_tile<2>();
    if constexpr (kRows > 1 && kColumns > 1) zero_tile<3>();
  }
  for (int64_t step = 0; step < steps; ++step) {
    const Bf16* rows = left.rows + step * kStepDepth;
    const Bf16* columns = panel + step * kStepDepth * kPanelColumns;
    load_strided<6>(columns, kPanelStride);
    load_strided<4>(rows, pitch);
    multiply_tiles<0, 0>();
    if constexpr (kColumns > 1) {
      load_strided<7>(columns + 2 * kTileSide, kPanelStride);
      multiply_tiles<0, 1>();
    }
    if constexpr (kRows > 1) {
      load_strided<5>(rows + kTileSide * left.pitch, pitch);
      multiply_tiles<1, 0>();
      if constexpr (kColumns > 1) multiply_tiles<1, 1>();
    }
  }
  store_strided<0>(sums.at, stride);
  if constexpr (kColumns > 1) store_strided<1>(sums.at + kTileSide, stride);
  if constexpr (kRows > 1) store_strided<2>(lower, stride);
  if constexpr (kRows > 1 && kColumns > 1) store_strided<3>(lower + kTileSide, stride);
}

struct TileOperands : Bf16Operands {
  static constexpr int64_t kChunkRows = 32;
  using InUse = TilesInUse;

  // Whole tiles: rows and columns beyond the product are computed too, and the depth is padded with zeros.
  static void multiply(ProductShape s, LeftMatrix<Bf16> left, RightMatrix<Bf16> right, ProductSums sums) {
    const int64_t steps = ceil_div(s.depth, kStepDepth);
    for (int64_t c = 0; c < s.columns; c += kStrip) {
      const Bf16* panel = right.panels + (c / kPanelColumns * right.room / 2 * kPanelColumns + c % kPanelColumns) * 2;
      const bool two_columns = s.columns - c > kTileSide;
      for (int64_t r = 0; r < s.rows; r += kStrip) {
        const bool two_rows = s.rows - r > kTileSide;
        const auto kernel = two_rows      ? two_columns ? multiply_strided<2, 2> : multiply_strided<2, 1>
                                 : two_columns ? multiply_strided<1, 2>
                                          : multiply_strided<1, 1>;
        kernel({left.rows + r * left.pitch, left.pitch}, panel, {sums.at + r * sums.stride + c, sums.stride, sums.add},
               steps);
      }
    }
  }
};

}  // namespace chaku::amx
