// Sums and maxima over a warp and over a block, in an order that the shape alone gives.
#pragma once

#include "kernels/cuda/device.cuh"

namespace chaku::cuda {

// Over the warp, in all its lanes.
template <class T>
CHAKU_DEVICE T warp_sum(T x) {
  CHAKU_UNROLL
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(kAllLanes, x, lanes);
  return x;
}

CHAKU_DEVICE float warp_max(float x) {
  CHAKU_UNROLL
  for (int lanes = 16; lanes > 0; lanes /= 2) x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, lanes));
  return x;
}

// Over the block, in all its threads; `partial` is the block's own, one number a warp, and free again behind the
// return.
template <int kThreads, class T>
CHAKU_DEVICE T block_sum(T x, T (&partial)[kThreads / 32]) {
  static_assert(kThreads % 32 == 0 && kThreads <= 1024);
  x = warp_sum(x);
  if (lane_index() == 0) partial[warp_index()] = x;
  __syncthreads();
  x = warp_sum(lane_index() < kThreads / 32 ? partial[lane_index()] : T{0});
  __syncthreads();
  return x;
}

template <int kThreads>
CHAKU_DEVICE float block_max(float x, float (&partial)[kThreads / 32]) {
  static_assert(kThreads % 32 == 0 && kThreads <= 1024);
  x = warp_max(x);
  if (lane_index() == 0) partial[warp_index()] = x;
  __syncthreads();
  x = warp_max(lane_index() < kThreads / 32 ? partial[lane_index()] : -kInfinity);
  __syncthreads();
  return x;
}

}  // namespace chaku::cuda
