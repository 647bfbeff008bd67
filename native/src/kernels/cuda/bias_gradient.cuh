// dbias[n] += scale times the sum of a column of dy, a column a thread.
#pragma once

#include "kernels/cuda/each.cuh"
#include "kernels/matmul.h"

namespace chaku::cuda {

struct BiasGradient {
  WeightGradientProblem p;
  CHAKU_DEVICE void operator()(int64_t n) const {
    float sum = 0.0f;
    for (int64_t m = 0; m < p.m; ++m) sum += p.dy[m * p.dy_stride + n];
    p.dbias[n] = fmaf(p.scale, sum, p.dbias[n]);
  }
};

}  // namespace chaku::cuda
