// Large products with a weight, on tiles. Few tokens are bound by memory: avx512vnni has them.
#define CHAKU_ISA amx
#include "kernels/cpu/amx/ops.h"
#include "kernels/cpu/amx/product.h"
#include "kernels/cpu/generic/groups.h"
#include "kernels/cpu/paths.h"

namespace chaku::amx {

namespace {

constexpr int64_t kFewTokens = 8;

}  // namespace

void matmul(const MatmulProblem& p, ThreadPool& pool) noexcept {
  if (p.m <= kFewTokens) return avx512vnni::table().matmul(p, pool);
  const Product product = {p.m, p.w.columns, p.w.rows, 1, p.y, p.y_stride, p.scale, p.bias, p.accumulate};
  run_product(product, RowsInPlace{p.x, p.x_stride}, WeightRows::of(p.w), pool);
}

void matmul_group(const MatmulGroup& group, ThreadPool& pool) noexcept {
  split_group(
      group, kFewTokens,
      [&](const MatmulProblem* few, int64_t n) { avx512vnni::table().matmul_group({few, n}, pool); },
      [&](const MatmulProblem& p) { matmul(p, pool); });
}

void matmul_backward(const MatmulBackwardProblem& p, ThreadPool& pool) noexcept {
  if (p.m <= kFewTokens) return avx512::table().matmul_backward(p, pool);
  const Product product = {p.m, p.w.rows, p.w.columns, dtype_info(p.w.dtype).block_elements,
                           p.dx, p.dx_stride, p.scale, nullptr, p.accumulate};
  run_product(product, RowsInPlace{p.dy, p.dy_stride}, WeightDepth::of(p.w), pool);
}

}  // namespace chaku::amx
