// Products with a weight on tiles: of bfloat16, and those of many generated tokens of bytes.
#define CHAKU_ISA amx
#define CHAKU_CODES "kernels/cpu/avx512vnni/codes.h"
#define CHAKU_TILES "kernels/cpu/amx/digit_tiles.h"
#include "kernels/cpu/amx/ops.h"
#include "kernels/cpu/amx/product.h"
#include "kernels/cpu/generic/gemv.inl"
#include "kernels/cpu/paths.h"

namespace chaku::amx {

namespace {

Job<WeightRows> job_of(const MatmulProblem& p) {
  return {{p.m, p.w.columns, p.w.rows, 1, p.y, p.y_stride, p.scale, p.bias, p.accumulate}, WeightRows::of(p.w), {}};
}

Job<WeightDepth> job_of(const MatmulBackwardProblem& p) {
  return {{p.m, p.w.rows, p.w.columns, dtype_info(p.w.dtype).block_elements, p.dx, p.dx_stride, p.scale, nullptr,
           p.accumulate},
          WeightDepth::of(p.w),
          {}};
}

int64_t tail_depth(const MatmulProblem& p) { return p.tail.w.columns; }
int64_t tail_depth(const MatmulBackwardProblem& p) { return p.tail.w.rows; }

RowsInPlace rows_of(const MatmulProblem& p) { return {p.x, p.x_stride}; }
RowsInPlace rows_of(const MatmulBackwardProblem& p) { return {p.dy, p.dy_stride}; }

// The tail of a product as one of its own, added to what is there.
MatmulProblem tail_product(const MatmulProblem& p) {
  return {p.tail.x, p.tail.x_stride, p.tail.w, nullptr, p.y, p.y_stride, p.m, p.scale * p.tail.scale, true, {}};
}
MatmulBackwardProblem tail_product(const MatmulBackwardProblem& p) {
  return {p.tail.x, p.tail.x_stride, p.tail.w, p.dx, p.dx_stride, p.m, p.scale * p.tail.scale, true, {}};
}

// Products of the same rows. A tail whose rank is no low one is a product of its own.
template <class Columns, class Problem>
void run_large(const Problem* problems, int64_t n, Queue& queue) {
  Job<Columns> jobs[kMostTogether];
  for (int64_t i = 0; i < n; ++i) {
    const Problem& p = problems[i];
    jobs[i] = job_of(p);
    if (p.tail.empty() || tail_depth(p) > kMostTailDepth) continue;
    jobs[i].p.tail = &p.tail;
    jobs[i].p.tail_depth = tail_depth(p);
    jobs[i].tail = Columns::of(p.tail.w);
  }
  run_products(jobs, n, rows_of(problems[0]), queue);
  for (int64_t i = 0; i < n; ++i) {
    if (tail_depth(problems[i]) <= kMostTailDepth) continue;
    const Problem tail = tail_product(problems[i]);
    run_large<Columns>(&tail, 1, queue);
  }
}

}  // namespace

void matmul(const MatmulProblem& p, Queue& queue) noexcept { matmul_group({&p, 1}, queue); }

void matmul_group(const MatmulGroup& group, Queue& queue) noexcept {
  split_group(
      group.problems, group.n,
      [&](const MatmulProblem* few, int64_t n) {
        run_few(few, n, [&](const MatmulProblem* products, int64_t n_products) { gemv(products, n_products, queue); });
      },
      [&](const MatmulProblem* large, int64_t n) { run_large<WeightRows>(large, n, queue); });
}

void matmul_backward(const MatmulBackwardProblem& p, Queue& queue) noexcept { matmul_backward_group({&p, 1}, queue); }

void matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept {
  split_group(
      group.problems, group.n,
      [&](const MatmulBackwardProblem* few, int64_t n) { avx512::table().matmul_backward_group({few, n}, queue); },
      [&](const MatmulBackwardProblem* large, int64_t n) { run_large<WeightDepth>(large, n, queue); });
}

}  // namespace chaku::amx
