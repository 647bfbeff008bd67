// Products with a weight on tiles: of bfloat16, and those of many generated tokens of bytes.
#define CHAKU_ISA amx
#define CHAKU_CODES "kernels/cpu/avx512vnni/codes.h"
#define CHAKU_TILES "kernels/cpu/amx/digit_tiles.h"
#include "kernels/cpu/amx/ops.h"
#include "kernels/cpu/amx/product.h"
#include "kernels/cpu/generic/gemv.inl"
#include "kernels/cpu/generic/tails.h"
#include "kernels/cpu/paths.h"

namespace chaku::amx {

namespace {

// Rows of a forward product up to which it costs less to turn them than the weight.
constexpr int64_t kFewerThanColumns = 512;

Product product_of(const MatmulProblem& p) {
  return {p.m, p.w.columns, p.w.rows, 1, p.y, p.y_stride, p.scale, p.bias, p.accumulate};
}
Product product_of(const MatmulBackwardProblem& p) {
  return {p.m,     p.w.rows, p.w.columns, dtype_info(p.w.dtype).block_elements, p.dx, p.dx_stride,
          p.scale, nullptr,  p.accumulate};
}

RowsInPlace rows_of(const MatmulProblem& p) { return {p.x, p.x_stride}; }
RowsInPlace rows_of(const MatmulBackwardProblem& p) { return {p.dy, p.dy_stride}; }

// A tail of some rows of a product as one of its own, added to what is there.
MatmulProblem tail_product(const MatmulProblem& p, const TailOfRows& of) {
  const LowRankTail& tail = of.tail;
  return {tail.x,
          tail.x_stride,
          tail.w,
          nullptr,
          p.y + of.begin * p.y_stride,
          p.y_stride,
          of.end - of.begin,
          p.scale * tail.scale,
          true,
          {}};
}
MatmulBackwardProblem tail_product(const MatmulBackwardProblem& p, const TailOfRows& of) {
  return {of.tail.x, of.tail.x_stride, of.tail.w, p.dx, p.dx_stride, p.m, p.scale * of.tail.scale, true, {}};
}

// Products of the same rows. A tail whose rank is no low one is a product of its own.
template <class Columns, class Problem>
void run_large(const Problem* problems, int64_t n, Queue& queue) {
  Job<Columns> jobs[kMostTogether];
  TailOfRows wholes[kMostTogether];
  for (int64_t i = 0; i < n; ++i) {
    const Problem& problem = problems[i];
    jobs[i] = {product_of(problem), Columns::of(problem.w)};
    Product& p = jobs[i].p;
    wholes[i] = {0, p.m, problem.tail};
    const Tails tails = tails_of(problem);
    p.tails = tails.n > 0 ? tails.parts : &wholes[i];
    p.n_tails = tails.n > 0 ? tails.n : tails.whole->empty() ? 0 : 1;
    for (int64_t t = 0; t < p.n_tails; ++t) p.tail_depth = max(p.tail_depth, jobs[i].tail_depth(t));
  }
  run_products(jobs, n, rows_of(problems[0]), queue);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t t = 0; t < jobs[i].p.n_tails; ++t) {
      if (jobs[i].tail_depth(t) > 0) continue;
      const Problem tail = tail_product(problems[i], jobs[i].p.tails[t]);
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
      [&](const MatmulProblem* large, int64_t n) {
        if (large->m <= kFewerThanColumns)
          run_large<TurnedWeightRows>(large, n, queue);
        else
          run_large<WeightRows>(large, n, queue);
      });
}

void matmul_backward(const MatmulBackwardProblem& p, Queue& queue) noexcept { matmul_backward_group({&p, 1}, queue); }

void matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept {
  split_group(
      group.problems, group.n,
      [&](const MatmulBackwardProblem* few, int64_t n) { avx512::table().matmul_backward_group({few, n}, queue); },
      [&](const MatmulBackwardProblem* large, int64_t n) { run_large<WeightDepth>(large, n, queue); });
}

}  // namespace chaku::amx
