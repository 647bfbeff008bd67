// Large products with a weight, on tiles. Few tokens are bound by memory: avx512vnni has them.
#define CHAKU_ISA amx
#include "kernels/cpu/amx/ops.h"
#include "kernels/cpu/amx/product.h"
#include "kernels/cpu/paths.h"

namespace chaku::amx {

namespace {

constexpr int64_t kFewTokens = 8;

Job<WeightRows> job_of(const MatmulProblem& p) {
  return {{p.m, p.w.columns, p.w.rows, 1, p.y, p.y_stride, p.scale, p.bias, p.accumulate}, WeightRows::of(p.w)};
}

bool same_rows(const MatmulProblem& a, const MatmulProblem& b) {
  return a.x == b.x && a.x_stride == b.x_stride && a.m == b.m && a.w.columns == b.w.columns;
}

}  // namespace

void matmul(const MatmulProblem& p, ThreadPool& pool) noexcept { matmul_group({&p, 1}, pool); }

// Products of few tokens go together, and so do those of the same x, which is then packed once.
void matmul_group(const MatmulGroup& group, ThreadPool& pool) noexcept {
  for (int64_t begin = 0; begin < group.n;) {
    const MatmulProblem* first = group.problems + begin;
    const bool few = first->m <= kFewTokens;
    int64_t n = 1;
    while (n < kMostJobs && begin + n < group.n && (few ? first[n].m <= kFewTokens : same_rows(*first, first[n]))) ++n;
    if (few) {
      avx512vnni::table().matmul_group({first, n}, pool);
    } else {
      Job<WeightRows> jobs[kMostJobs];
      for (int64_t i = 0; i < n; ++i) jobs[i] = job_of(first[i]);
      run_products(jobs, n, RowsInPlace{first->x, first->x_stride}, pool);
    }
    begin += n;
  }
}

void matmul_backward(const MatmulBackwardProblem& p, ThreadPool& pool) noexcept {
  if (p.m <= kFewTokens) return avx512::table().matmul_backward(p, pool);
  const Product product = {p.m, p.w.rows, p.w.columns, dtype_info(p.w.dtype).block_elements,
                           p.dx, p.dx_stride, p.scale, nullptr, p.accumulate};
  const Job<WeightDepth> job = {product, WeightDepth::of(p.w)};
  run_products(&job, 1, RowsInPlace{p.dy, p.dy_stride}, pool);
}

}  // namespace chaku::amx
