// Tiles of 64 x 64 outputs, sixteen of depth at a time through shared memory; 4 x 4 outputs a thread. A sum is in the
// order of depth, whatever the other rows are.
#include "kernels/cuda/gemm.cuh"

namespace chaku::cuda {
namespace {

constexpr int kTile = 64, kDepth = 16, kThreads = 256;

struct Tiles {
  float a[kDepth][kTile + 4], b[kDepth][kTile + 4];  // 4 more: rows begin in different banks
};

// tile[l][i] = from[first + i, l0 + l], zeros outside of n and depth; neighbours in memory by neighbouring threads.
CHAKU_DEVICE void load(float (&tile)[kDepth][kTile + 4], const Operand& from, int64_t first, int64_t n, int64_t l0,
                       int64_t depth) {
  const bool along_depth = from.depth == 1;
  for (int e = thread_index(); e < kTile * kDepth; e += kThreads) {
    const int i = along_depth ? e / kDepth : e % kTile, l = along_depth ? e % kDepth : e / kTile;
    const bool valid = first + i < n && l0 + l < depth;
    tile[l][i] = valid ? from.data[(first + i) * from.row + (l0 + l) * from.depth] : 0.0f;
  }
}

// sums += the product of one pair of operands.
CHAKU_DEVICE void multiply(float (&sums)[4][4], Tiles& tiles, const Operand& a, const Operand& b, int64_t i0,
                           int64_t j0, const Gemm& p, int64_t depth) {
  const int row = thread_index() / 16 * 4, column = thread_index() % 16 * 4;
  for (int64_t l0 = 0; l0 < depth; l0 += kDepth) {
    __syncthreads();
    load(tiles.a, a, i0, p.m, l0, depth);
    load(tiles.b, b, j0, p.n, l0, depth);
    __syncthreads();
    CHAKU_UNROLL
    for (int l = 0; l < kDepth; ++l) {
      CHAKU_UNROLL
      for (int i = 0; i < 4; ++i) {
        CHAKU_UNROLL
        for (int j = 0; j < 4; ++j) sums[i][j] = fmaf(tiles.a[l][row + i], tiles.b[l][column + j], sums[i][j]);
      }
    }
  }
}

// grid -> 64 x 64 outputs; 8.7 kB of shared memory; sm_75; 2 depth FLOPs an output.
__global__ void __launch_bounds__(kThreads) product(const Gemm p) {
  CHAKU_SHARED(tiles, Tiles);
  const int64_t i0 = int64_t{blockIdx.y} * kTile, j0 = int64_t{blockIdx.x} * kTile;
  float sums[4][4] = {}, tail[4][4] = {};
  multiply(sums, tiles, p.a, p.b, i0, j0, p, p.depth);
  if (p.tail_depth > 0) multiply(tail, tiles, p.tail_a, p.tail_b, i0, j0, p, p.tail_depth);
  CHAKU_UNROLL
  for (int i = 0; i < 4; ++i) {
    CHAKU_UNROLL
    for (int j = 0; j < 4; ++j) {
      const int64_t row = i0 + thread_index() / 16 * 4 + i, column = j0 + thread_index() % 16 * 4 + j;
      if (row >= p.m || column >= p.n) continue;
      float& c = p.c[row * p.c_stride + column];
      const float sum = p.tail_depth > 0 ? fmaf(p.tail_scale, tail[i][j], sums[i][j]) : sums[i][j];
      c = fmaf(p.scale, sum, (p.accumulate ? c : 0.0f) + (p.bias != nullptr ? p.bias[column] : 0.0f));
    }
  }
}

}  // namespace

void gemm(const Gemm& p, Queue& queue) noexcept {
  const dim3 grid(static_cast<unsigned>(ceil_div(p.n, kTile)), static_cast<unsigned>(ceil_div(p.m, kTile)));
  cuda_queue(queue).launch(product, grid, dim3(kThreads), 0, p);
}

}  // namespace chaku::cuda
