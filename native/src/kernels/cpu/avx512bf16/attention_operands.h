// Operands of attention that vdpbf16ps multiplies.
#pragma once

#include "kernels/cpu/avx512bf16/gemm.h"
#include "kernels/cpu/generic/attention_bf16.inl"

namespace chaku::avx512bf16 {

struct PairOperands : Bf16Operands {
  static constexpr int64_t kChunkRows = 24;
  struct InUse {
    InUse() {}
  };

  CHAKU_INLINE void multiply(ProductShape s, LeftMatrix<Bf16> left, RightMatrix<Bf16> right, ProductSums sums) {
    multiply_block(s.rows, {left.rows, left.pitch}, right.panels, right.room / 2, ceil_div(s.depth, 2),
                   {sums.at, sums.stride, 1.0f, nullptr, sums.add}, s.columns);
  }
};

}  // namespace chaku::avx512bf16
