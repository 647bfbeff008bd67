// Products of few tokens on integers; the large ones are those of avx512.
#define CHAKU_ISA avx512vnni
#define CHAKU_CODES "kernels/cpu/avx512vnni/codes.h"
#include "kernels/cpu/avx512vnni/ops.h"
#include "kernels/cpu/generic/gemv.inl"
#include "kernels/cpu/paths.h"

namespace chaku::avx512vnni {

void matmul(const MatmulProblem& p, ThreadPool& pool) noexcept {
  if (p.m > kMostGemvTokens) return avx512::table().matmul(p, pool);
  gemv(&p, 1, pool);
}

void matmul_group(const MatmulGroup& group, ThreadPool& pool) noexcept {
  split_group(
      group, kMostGemvTokens, [&](const MatmulProblem* few, int64_t n) { gemv(few, n, pool); },
      [&](const MatmulProblem& p) { avx512::table().matmul(p, pool); });
}

}  // namespace chaku::avx512vnni
