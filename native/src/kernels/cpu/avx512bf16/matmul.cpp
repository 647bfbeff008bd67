// Large products on bfloat16: weights are decoded to float32, a panel at a time, and rounded while they are packed.
// Those of generated tokens are bound by memory: avx512vnni has them.
#define CHAKU_ISA avx512bf16
#include "kernels/cpu/avx512bf16/ops.h"
#include "kernels/cpu/avx512bf16/product.h"
#include "kernels/cpu/generic/groups.h"
#include "kernels/cpu/paths.h"

namespace chaku::avx512bf16 {

namespace {

constexpr int64_t kForwardColumns = 128;

static_assert(kForwardColumns * WeightRows::kDepth <= kMostBlock && WeightRows::kDepth <= kMostDepth);
static_assert(kMostColumns * WeightDepth::kDepth <= kMostBlock && WeightDepth::kDepth <= kMostDepth);

Job<WeightRows> job_of(const MatmulProblem& p) {
  const int64_t columns = p.w.rows >= 2048 ? kForwardColumns : kForwardColumns / 2;
  return {p.w.rows, columns, p.y, p.y_stride, p.scale, p.bias, p.accumulate, WeightRows::of(p.w), tails_of(p)};
}

Job<WeightDepth> job_of(const MatmulBackwardProblem& p) {
  const bool fine = p.w.columns < 2048 && dtype_info(p.w.dtype).block_elements <= 128;
  return {p.w.columns,  fine ? 128 : kMostColumns, p.dx,       p.dx_stride, p.scale, nullptr,
          p.accumulate, WeightDepth::of(p.w),      tails_of(p)};
}

SharedRows<WeightRows::kDepth> rows_of(const MatmulProblem& p) { return {p.x, p.x_stride, p.m, p.w.columns, nullptr}; }
SharedRows<WeightDepth::kDepth> rows_of(const MatmulBackwardProblem& p) {
  return {p.dy, p.dy_stride, p.m, p.w.rows, nullptr};
}

// Runs of products of the same rows, one run after another.
template <class Columns, class Problem>
void run_large(const Problem* problems, int64_t n, Queue& queue) {
  Job<Columns> jobs[kMostTogether];
  for (int64_t i = 0; i < n; ++i) jobs[i] = job_of(problems[i]);
  run_jobs(jobs, n, rows_of(problems[0]), queue);
}

}  // namespace

void matmul(const MatmulProblem& p, Queue& queue) noexcept { matmul_group({&p, 1}, queue); }

void matmul_group(const MatmulGroup& group, Queue& queue) noexcept {
  split_group(
      group.problems, group.n,
      [&](const MatmulProblem* few, int64_t n) { avx512vnni::table().matmul_group({few, n}, queue); },
      [&](const MatmulProblem* large, int64_t n) { run_large<WeightRows>(large, n, queue); });
}

void matmul_backward(const MatmulBackwardProblem& p, Queue& queue) noexcept { matmul_backward_group({&p, 1}, queue); }

void matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept {
  split_group(
      group.problems, group.n,
      [&](const MatmulBackwardProblem* few, int64_t n) { avx512::table().matmul_backward_group({few, n}, queue); },
      [&](const MatmulBackwardProblem* large, int64_t n) { run_large<WeightDepth>(large, n, queue); });
}

}  // namespace chaku::avx512bf16
