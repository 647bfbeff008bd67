// A formula for each element: four a thread, a block's width apart.
#pragma once

#include "kernels/cuda/queue.cuh"

namespace chaku::cuda {

constexpr int kEachThreads = 256, kEachElements = 4;

// grid -> 1024 elements; no shared memory; sm_75.
template <class Op>
__global__ void __launch_bounds__(kEachThreads) each_kernel(const Op op, int64_t n) {
  const int64_t first = int64_t{blockIdx.x} * (kEachThreads * kEachElements) + threadIdx.x;
  CHAKU_UNROLL
  for (int j = 0; j < kEachElements; ++j) {
    const int64_t i = first + j * kEachThreads;
    if (i < n) op(i);
  }
}

// Runs op(i) for every i below n; op is plain data with `void operator()(int64_t) const`.
template <class Op>
void for_each(Queue& queue, int64_t n, const Op& op) noexcept {
  const dim3 grid(static_cast<unsigned>(ceil_div(n, kEachThreads * kEachElements)));
  cuda_queue(queue).launch(each_kernel<Op>, grid, dim3(kEachThreads), 0, op, n);
}

constexpr int kLongThreads = 64;

// grid -> 64 elements; no shared memory; sm_75.
template <class Op>
__global__ void __launch_bounds__(kLongThreads) each_long_kernel(const Op op, int64_t n) {
  const int64_t i = int64_t{blockIdx.x} * kLongThreads + threadIdx.x;
  if (i < n) op(i);
}

// As for_each, for elements that take long, a row or a column each: a thread each, in small blocks.
template <class Op>
void for_each_long(Queue& queue, int64_t n, const Op& op) noexcept {
  const dim3 grid(static_cast<unsigned>(ceil_div(n, kLongThreads)));
  cuda_queue(queue).launch(each_long_kernel<Op>, grid, dim3(kLongThreads), 0, op, n);
}

}  // namespace chaku::cuda
