// Products of generated tokens on integers; the others are those of avx512.
#define CHAKU_ISA avx512vnni
#define CHAKU_CODES "kernels/cpu/avx512vnni/codes.h"
#include "kernels/cpu/avx512vnni/ops.h"
#include "kernels/cpu/generic/gemv.inl"
#include "kernels/cpu/paths.h"

namespace chaku::avx512vnni {

void matmul(const MatmulProblem& p, Queue& queue) noexcept { matmul_group({&p, 1}, queue); }

void matmul_group(const MatmulGroup& group, Queue& queue) noexcept {
  split_group(
      group.problems, group.n,
      [&](const MatmulProblem* few, int64_t n) {
        run_few(few, n, [&](const MatmulProblem* products, int64_t n_products) { gemv(products, n_products, queue); });
      },
      [&](const MatmulProblem* large, int64_t n) { avx512::table().matmul_group({large, n}, queue); });
}

}  // namespace chaku::avx512vnni
