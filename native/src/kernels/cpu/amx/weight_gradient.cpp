// dw += scale dyT x on tiles: columns of dy are the rows of the product, and x decodes as a float32 weight would.
#define CHAKU_ISA amx
#include "kernels/cpu/amx/ops.h"
#include "kernels/cpu/amx/product.h"
#include "kernels/cpu/paths.h"

namespace chaku::amx {

void weight_gradient(const WeightGradientProblem& p, ThreadPool& pool) noexcept {
  const Rows x = {reinterpret_cast<const uint8_t*>(p.x), p.m, p.x_stride * 4, 1, 4, DType::kF32,
                  find_decoder(DType::kF32)};
  const Product product = {p.n, p.m, p.k, 1, p.dw, p.k, p.scale, nullptr, true};
  const Job<WeightDepth> job = {product, {x, find_round_range(DType::kF32)}, {}};
  run_products(&job, 1, ColumnsInPlace{p.dy, p.dy_stride}, pool);
  if (p.dbias == nullptr) return;
  WeightGradientProblem bias = p;  // without columns only the bias is left
  bias.k = 0;
  avx512::table().weight_gradient(bias, pool);
}

void weight_gradient_group(const WeightGradientGroup& group, ThreadPool& pool) noexcept {
  for (int64_t i = 0; i < group.n; ++i) weight_gradient(group.problems[i], pool);
}

}  // namespace chaku::amx
