// The matrices of blocked attention and their product, which is all that differs between float32, bfloat16 and tiles.
//
// A set of operands says how the left matrix of a product lies (rows, `pitch` elements apart), how the right one lies
// (panels of kPanelColumns columns with room for `room` rows of its depth), and multiplies them. What lies in a panel
// beyond the last column may be anything; beyond the depth, up to what a product reads, it is zero on both sides.
// FloatOperands is the one that rounds nothing. Each set has
//   Element               of both matrices
//   kChunkRows            rows whose scores exist at a time: they stay in the first-level cache, and see nearly the
//                         same keys; a product may begin its depth at any multiple of it
//   InUse                 an object that lives while products are computed
//   depth(n)              n rounded up to what a product reads of the depth
//   pack_row              floats to a row of the left matrix
//   store_row             vectors to a row of the left matrix
//   store_pair            vectors to rows r and r + 1 of the right matrix, r even
//   transpose_rows        rows of the left matrix to its columns, with zeros up to depth(rows)
//   pack_transposed       rows of floats to columns of the right matrix
//   pack_straight         rows of floats to rows of the right matrix, with zeros up to depth(rows)
//   multiply              sums = (add ? sums : 0) + left right
#pragma once

#include "kernels/cpu/generic/panels.inl"

namespace chaku::CHAKU_ISA {

struct ProductShape {
  int64_t rows, depth, columns;
};

template <class Element>
struct LeftMatrix {
  const Element* rows;
  int64_t pitch;
};

template <class Element>
struct RightMatrix {
  const Element* panels;
  int64_t room;
};

// Where the sums go; there is room for whole vectors of columns and for rows rounded up to 16.
struct ProductSums {
  float* at;
  int64_t stride;
  bool add;
};

struct FloatOperands {
  using Element = float;
  static constexpr int64_t kChunkRows = 24;
  struct InUse {
    InUse() {}
  };

  CHAKU_INLINE int64_t depth(int64_t n) { return round_up(n, 16); }
  CHAKU_INLINE void pack_row(const float* from, int64_t n, float* to) {
    __builtin_memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
  }
  template <int kVectors>
  CHAKU_INLINE void store_row(const F (&row)[kVectors], float* to) {
    for (int v = 0; v < kVectors; ++v) store(to + v * kLanes, row[v]);
  }
  template <int kVectors>
  CHAKU_INLINE void store_pair(const F (&row0)[kVectors], const F (&row1)[kVectors], int64_t r, float* panels,
                               int64_t room) {
    for (int v = 0; v < kVectors; ++v) {
      float* to = panels + (v / kTileVectors * room + r) * kPanelColumns + v % kTileVectors * kLanes;
      store(to, row0[v]);
      store(to + kPanelColumns, row1[v]);
    }
  }
  CHAKU_INLINE void transpose_rows(const float* from, int64_t pitch, int64_t rows, int64_t columns, float* to,
                                   int64_t to_pitch) {
    transpose_block(from, pitch, rows, columns, to, to_pitch);
  }
  CHAKU_INLINE void pack_transposed(const float* from, int64_t stride, int64_t rows, int64_t columns, float* panels) {
    chaku::CHAKU_ISA::pack_transposed(from, stride, rows, columns, panels, depth(columns));
  }
  CHAKU_INLINE void pack_straight(const float* from, int64_t stride, int64_t rows, int64_t columns, float* panels,
                                  int64_t room) {
    pack_rows(from, stride, rows, columns, panels, room);
  }
  CHAKU_INLINE void multiply(ProductShape s, LeftMatrix<float> left, RightMatrix<float> right, ProductSums sums) {
    multiply_block(s.rows, {left.rows, left.pitch}, right.panels, right.room * kPanelColumns, s.depth,
                   {sums.at, sums.stride, 1.0f, nullptr, sums.add}, s.columns);
  }
};

}  // namespace chaku::CHAKU_ISA
