// The ops that this path has its own version of; the others are those of avx512.
#pragma once

#include "kernels/table.h"

namespace chaku::avx512vnni {

void matmul(const MatmulProblem& p, Queue& queue) noexcept;
void matmul_group(const MatmulGroup& group, Queue& queue) noexcept;

}  // namespace chaku::avx512vnni
