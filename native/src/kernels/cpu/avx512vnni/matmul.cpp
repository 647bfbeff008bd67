// Products of generated tokens on integers; the others are those of avx512.
#define CHAKU_ISA avx512vnni
#define CHAKU_CODES "kernels/cpu/avx512vnni/codes.h"
#include "kernels/cpu/avx512vnni/ops.h"
#include "kernels/cpu/generic/gemv.inl"
#include "kernels/cpu/paths.h"

namespace chaku::avx512vnni {

void matmul(const MatmulProblem& p, ThreadPool& pool) noexcept { matmul_group({&p, 1}, pool); }

void matmul_group(const MatmulGroup& group, ThreadPool& pool) noexcept {
  split_group(
      group.problems, group.n,
      [&](const MatmulProblem* few, int64_t n) {
        run_few(few, n, [&](const MatmulProblem* products, int64_t n_products) { gemv(products, n_products, pool); });
      },
      [&](const MatmulProblem* large, int64_t n) { avx512::table().matmul_group({large, n}, pool); });
}

}  // namespace chaku::avx512vnni
