// Kernels that give a row to a warp, where rows are short, or to a block of 256 threads, and always eight warps a
// block.
#pragma once

#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/warp.cuh"

namespace chaku::cuda {

constexpr int kRowThreads = 256;
// Rows up to this length go to a warp each.
constexpr int64_t kWarpRow = 512;

template <bool kWarp>
struct RowThreads {
  static constexpr int kStep = kWarp ? 32 : kRowThreads;
  static constexpr int kRowsPerBlock = kRowThreads / kStep;

  // The row of this thread, which may lie behind the last.
  CHAKU_DEVICE static int64_t row() {
    return kWarp ? int64_t{blockIdx.x} * kRowsPerBlock + warp_index() : int64_t{blockIdx.x};
  }
  CHAKU_DEVICE static int first() { return kWarp ? lane_index() : thread_index(); }

  template <class T>
  CHAKU_DEVICE static T sum(T x, T (&partial)[kRowThreads / 32]) {
    if constexpr (kWarp)
      return warp_sum(x);
    else
      return block_sum<kRowThreads>(x, partial);
  }
};

// Runs the kernel of warps or that of blocks, by the length of the rows.
template <class Kernel, class Problem>
void launch_rows(Queue& queue, Kernel warps, Kernel blocks, int64_t m, int64_t d, const Problem& problem) noexcept {
  const bool short_rows = d <= kWarpRow;
  const int64_t n_blocks = short_rows ? ceil_div(m, RowThreads<true>::kRowsPerBlock) : m;
  cuda_queue(queue).launch(short_rows ? warps : blocks, dim3(static_cast<unsigned>(n_blocks)), dim3(kRowThreads), 0,
                           problem);
}

}  // namespace chaku::cuda
