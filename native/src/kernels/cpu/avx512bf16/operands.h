// How weights become panels of B: decoded to float32, some rows at a time, and rounded while they are packed.
#pragma once

#ifndef CHAKU_ISA
#define CHAKU_ISA avx512bf16
#endif

#include "kernels/cpu/avx512bf16/gemm.h"
#include "kernels/cpu/generic/decode.inl"

namespace chaku::avx512bf16 {

constexpr int64_t kMostColumns = 256, kMostDepth = 256;  // of a block of B
constexpr int64_t kMostBlock = 32 * 1024;                // elements
constexpr int64_t kRowsAhead = 8;                        // of a weight, prefetched

// A block of B, elements [d, d + depth) of the product's depth by [column, column + columns).
struct BlockPlan {
  int64_t d, depth, column, columns;
  Bf16* to;        // panels
  float* decoded;  // kLanes rows of kMostDepth, or two of kMostColumns
};

static_assert(2 * kMostColumns <= kLanes * kMostDepth);

// Forward: the columns of the product are rows of the weight. 16 rows by 32 elements at a time are rounded, and their
// pairs transposed as 32-bit words.
struct WeightRows {
  static constexpr int64_t kDepth = 256;  // of a block
  Rows rows;

  CHAKU_INLINE WeightRows of(const Matrix& w) { return {Rows::of(w)}; }
  int64_t depth() const { return rows.stride_bytes / rows.block_bytes * rows.block_elements; }

  void pack(const BlockPlan& b) const {
    const int64_t padded = round_up(b.depth, 2 * kLanes);
    for (int64_t c = 0; c < b.columns; c += kLanes) {
      for (int64_t i = 0; i < kLanes; ++i) {
        float* row = b.decoded + i * kMostDepth;
        const int64_t count = c + i < b.columns ? b.depth : 0;
        if (count > 0) {
          rows.prefetch(min(b.column + c + i + kRowsAhead, rows.rows - 1), b.d, b.depth);
          rows.range(b.column + c + i, b.d, b.depth, row);
        }
        __builtin_memset(row + count, 0, static_cast<size_t>(padded - count) * sizeof(float));
      }
      Bf16* panel = b.to + (c / kPanelColumns * (kDepth / 2) * kPanelColumns + c % kPanelColumns) * 2;
      for (int64_t d = 0; d < padded; d += 2 * kLanes) {
        F tile[kLanes];
        for (int i = 0; i < kLanes; ++i) {
          const float* at = b.decoded + i * kMostDepth + d;
          tile[i] = _mm512_castsi512_ps(round_pair(load(at), load(at + kLanes)));
        }
        transpose(tile);
        for (int i = 0; i < kLanes; ++i) _mm512_storeu_ps(panel + (d / 2 + i) * kPanelColumns * 2, tile[i]);
      }
    }
  }
};

// Backward: the depth of the product runs over rows of the weight, which are packed two at a time.
struct WeightDepth {
  static constexpr int64_t kDepth = 128;
  Rows rows;

  CHAKU_INLINE WeightDepth of(const Matrix& w) { return {Rows::of(w)}; }
  int64_t depth() const { return rows.rows; }

  void pack(const BlockPlan& b) const {
    if (rows.dtype == DType::kF32) return pack_floats(b);
    float *row0 = b.decoded, *row1 = row0 + kMostColumns;
    for (int64_t d = 0; d < b.depth; d += 2) {
      const bool pair = d + 1 < b.depth;
      for (int64_t i = 0; i < 2; ++i) rows.prefetch(min(b.d + d + i + kRowsAhead, rows.rows - 1), b.column, b.columns);
      rows.range(b.d + d, b.column, b.columns, row0);
      if (pair) rows.range(b.d + d + 1, b.column, b.columns, row1);
      pack_pair_b(row0, pair ? row1 : nullptr, b.columns, d / 2, b.to, kDepth / 2);
    }
  }

 private:
  // Matrices of low rank have many rows of a few elements.
  void pack_floats(const BlockPlan& b) const {
    const uint8_t* row = rows.data + b.d * rows.stride_bytes + b.column * 4;
    for (int64_t d = 0; d < b.depth; d += 2, row += 2 * rows.stride_bytes) {
      const bool pair = d + 1 < b.depth, ahead = b.d + d + kRowsAhead + 1 < rows.rows;
      for (int64_t at = 0; ahead && at < b.columns * 4; at += 64) {
        __builtin_prefetch(row + kRowsAhead * rows.stride_bytes + at);
        __builtin_prefetch(row + (kRowsAhead + 1) * rows.stride_bytes + at);
      }
      pack_pair_b(reinterpret_cast<const float*>(row),
                  pair ? reinterpret_cast<const float*>(row + rows.stride_bytes) : nullptr, b.columns, d / 2, b.to,
                  kDepth / 2);
    }
  }
};

}  // namespace chaku::avx512bf16
