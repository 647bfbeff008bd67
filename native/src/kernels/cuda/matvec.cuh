// Products with few rows of x: matvec.cu.
#pragma once

#include "kernels/matmul.h"
#include "kernels/queue.h"

namespace chaku::cuda {

// Any number of rows, eight at a time.
void matvec(const MatmulProblem& problem, Queue& queue) noexcept;

}  // namespace chaku::cuda
