// Rows of heads in shared memory as bfloat16, and products of 16 of them on the tensor cores. Source of the fragments:
// simt/matrix.h.
#pragma once

#include "kernels/cuda/device.cuh"

namespace chaku::cuda {

constexpr float kLog2E = 1.44269504f;

// kRows rows of a head; chunk c of eight numbers lies at c ^ (row & 7), so that ldmatrix meets every bank once.
template <int kRows, int kDim>
struct AttentionTile {
  uint4 rows[kRows][kDim / 8];

  CHAKU_DEVICE uint4* at(int row, int chunk) { return &rows[row][chunk ^ (row & 7)]; }

  // Rows [first, first + kRows) below `end`, n numbers of each, rounded; zeros beyond. By all threads of the block.
  template <int kThreads>
  CHAKU_DEVICE void load(const float* from, int64_t stride, int64_t first, int64_t end, int n) {
    for (int e = thread_index(); e < kRows * (kDim / 8); e += kThreads) {
      const int row = e / (kDim / 8), chunk = e % (kDim / 8);
      const int left = first + row < end ? n - chunk * 8 : 0;
      const float* x = from + (left > 0 ? (first + row) * stride + chunk * 8 : 0);
      float v[8];
      CHAKU_UNROLL
      for (int j = 0; j < 8; ++j) v[j] = j < left ? x[j] : 0.0f;
      *at(row, chunk) =
          uint4{pack_bf16(v[0], v[1]), pack_bf16(v[2], v[3]), pack_bf16(v[4], v[5]), pack_bf16(v[6], v[7])};
    }
  }
};

// sums += a b^T for rows [row, row + 16) of a and all of b.
template <int kRowsOfA, int kRows, int kDim>
CHAKU_DEVICE void multiply_rows(float (&sums)[kRows / 8][4], AttentionTile<kRowsOfA, kDim>& a, int row,
                                AttentionTile<kRows, kDim>& b) {
  CHAKU_UNROLL_BY_4  // more would keep more addresses in registers
      for (int d = 0; d < kDim / 16; ++d) {
    uint32_t from_a[4];
    load_matrices(from_a, a.at(row + lane_index() % 16, d * 2 + lane_index() / 16));
    CHAKU_UNROLL
    for (int n = 0; n < kRows / 16; ++n) {
      // Matrices: rows 0..7 with both halves of the dimensions, then rows 8..15.
      uint32_t r[4];
      load_matrices(r, b.at(n * 16 + lane_index() / 16 * 8 + lane_index() % 8, d * 2 + lane_index() / 8 % 2));
      const uint32_t first[2] = {r[0], r[1]}, second[2] = {r[2], r[3]};
      mma_bf16(sums[2 * n], from_a, first);
      mma_bf16(sums[2 * n + 1], from_a, second);
    }
  }
}

// to += w b, of 16 rows of weights as multiply_rows leaves them, which are rounded, and the rows of b.
template <int kRows, int kDim>
CHAKU_DEVICE void add_rows(float (&to)[kDim / 8][4], const float (&w)[kRows / 8][4], AttentionTile<kRows, kDim>& b) {
  CHAKU_UNROLL
  for (int n = 0; n < kRows / 16; ++n) {
    const uint32_t a[4] = {pack_bf16(w[2 * n][0], w[2 * n][1]), pack_bf16(w[2 * n][2], w[2 * n][3]),
                           pack_bf16(w[2 * n + 1][0], w[2 * n + 1][1]), pack_bf16(w[2 * n + 1][2], w[2 * n + 1][3])};
    CHAKU_UNROLL
    for (int d = 0; d < kDim / 16; ++d) {
      // Matrices: rows 0..7 and 8..15 with the first eight dimensions, then with the second.
      uint32_t r[4];
      load_matrices_transposed(r, b.at(n * 16 + lane_index() % 16, d * 2 + lane_index() / 16));
      const uint32_t first[2] = {r[0], r[1]}, second[2] = {r[2], r[3]};
      mma_bf16(to[2 * d], a, first);
      mma_bf16(to[2 * d + 1], a, second);
    }
  }
}

}  // namespace chaku::cuda
