// Tiles of 64 or 128 by 128 outputs and 32 of depth; eight warps, two by four, three stages of cp.async. Rows of shared
// memory are swizzled in chunks of 16 bytes, so that ldmatrix and cp.async meet every bank once.
//
// Layouts: an operand [rows, depth] is kept by rows of 32 numbers, four chunks; [depth, rows] as it lies, by rows of a
// tile's width, and turned by ldmatrix.trans. Source of the fragments: simt/matrix.h.
#include "kernels/cuda/gemm.cuh"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 256, kDepth = 32, kColumns = 128, kStages = 3;
constexpr int kWarpRowsOfTile = 2, kWarpColumnsOfTile = 4;

// kWidth rows of an operand by 32 of depth.
template <int kWidth, bool kTransposed>
struct Tile {
  static constexpr int kRows = kTransposed ? kDepth : kWidth;
  static constexpr int kChunks = (kTransposed ? kWidth : kDepth) / 8;
  uint4 rows[kRows][kChunks];

  CHAKU_DEVICE static int swizzled(int row, int chunk) { return chunk ^ (kTransposed ? row & 7 : row >> 1 & 3); }
  CHAKU_DEVICE uint4* at(int row, int chunk) { return &rows[row][swizzled(row, chunk)]; }

  // Of rows [first, first + kWidth) below n, depth [l0, l0 + 32); zeros beyond.
  CHAKU_DEVICE void load(const uint16_t* from, int64_t stride, int64_t first, int64_t n, int64_t l0, int64_t depth) {
    CHAKU_UNROLL
    for (int e = thread_index(); e < kRows * kChunks; e += kThreads) {
      const int row = e / kChunks, chunk = e % kChunks;
      const int64_t r = (kTransposed ? l0 : first) + row, c = (kTransposed ? first : l0) + chunk * 8;
      const bool valid = r < (kTransposed ? depth : n) && c < (kTransposed ? n : depth);
      copy_async_16(at(row, chunk), from + (valid ? r * stride + c : 0), valid);
    }
  }
};

// 16 rows from `row` on, 16 of depth from 16 k on: four matrices, upper and lower rows of the first half of depth, then
// of the second.
template <int kWidth, bool kTransposed>
CHAKU_DEVICE void load_a(uint32_t (&a)[4], Tile<kWidth, kTransposed>& tile, int row, int k) {
  const int lane = lane_index();
  if constexpr (kTransposed)
    load_matrices_transposed(a, tile.at(k * 16 + lane / 16 * 8 + lane % 8, row / 8 + lane / 8 % 2));
  else
    load_matrices(a, tile.at(row + lane % 16, k * 2 + lane / 16));
}

// 16 columns from `column` on: two fragments, each of both halves of depth.
template <int kWidth, bool kTransposed>
CHAKU_DEVICE void load_b(uint32_t (&b)[2][2], Tile<kWidth, kTransposed>& tile, int column, int k) {
  const int lane = lane_index();
  uint32_t r[4];
  if constexpr (kTransposed)
    load_matrices_transposed(r, tile.at(k * 16 + lane % 16, column / 8 + lane / 16));
  else
    load_matrices(r, tile.at(column + lane / 16 * 8 + lane % 8, k * 2 + lane / 8 % 2));
  b[0][0] = r[0], b[0][1] = r[1], b[1][0] = r[2], b[1][1] = r[3];
}

template <int kRows, bool kATransposed, bool kBTransposed>
struct Stage {
  Tile<kRows, kATransposed> a;
  Tile<kColumns, kBTransposed> b;
};

template <int kRows>
struct WarpTile {
  static constexpr int kM = kRows / kWarpRowsOfTile / 16, kN = kColumns / kWarpColumnsOfTile / 16;
  float sums[kM][2 * kN][4];
  int row, column;  // of the block's tile

  CHAKU_DEVICE WarpTile()
      : sums{},
        row(warp_index() / kWarpColumnsOfTile * (kM * 16)),
        column(warp_index() % kWarpColumnsOfTile * (kN * 16)) {}

  template <class S>
  CHAKU_DEVICE void multiply(S& stage) {
    CHAKU_UNROLL
    for (int k = 0; k < kDepth / 16; ++k) {
      uint32_t a[kM][4];
      CHAKU_UNROLL
      for (int m = 0; m < kM; ++m) load_a(a[m], stage.a, row + m * 16, k);
      CHAKU_UNROLL
      for (int n = 0; n < kN; ++n) {
        uint32_t b[2][2];
        load_b(b, stage.b, column + n * 16, k);
        CHAKU_UNROLL
        for (int m = 0; m < kM; ++m) {
          mma_bf16(sums[m][2 * n], a[m], b[0]);
          mma_bf16(sums[m][2 * n + 1], a[m], b[1]);
        }
      }
    }
  }

  CHAKU_DEVICE void store(const TensorGemm& p, int64_t i0, int64_t j0) const {
    CHAKU_UNROLL
    for (int m = 0; m < kM; ++m) {
      CHAKU_UNROLL
      for (int n = 0; n < 2 * kN; ++n) {
        CHAKU_UNROLL
        for (int e = 0; e < 4; ++e) {
          const int64_t i = i0 + row + m * 16 + lane_index() / 4 + e / 2 * 8;
          const int64_t j = j0 + column + n * 8 + lane_index() % 4 * 2 + e % 2;
          if (i >= p.m || j >= p.n) continue;
          float& c = p.c[i * p.c_stride + j];
          c = fmaf(p.scale, sums[m][n][e], (p.accumulate ? c : 0.0f) + (p.bias != nullptr ? p.bias[j] : 0.0f));
        }
      }
    }
  }
};

// grid -> kRows x 128 outputs; 36 or 48 KiB of shared memory; sm_80; 2 depth FLOPs an output.
template <int kRows, bool kATransposed, bool kBTransposed>
__global__ void __launch_bounds__(kThreads, 2) product(const TensorGemm p) {
  CHAKU_DYNAMIC_SHARED(shared);
  auto* stages = reinterpret_cast<Stage<kRows, kATransposed, kBTransposed>*>(shared);
  const int64_t i0 = int64_t{blockIdx.y} * kRows, j0 = int64_t{blockIdx.x} * kColumns;
  const int n_steps = static_cast<int>((p.depth + kDepth - 1) / kDepth);
  const auto load = [&](int step) {
    auto& stage = stages[step % kStages];
    stage.a.load(p.a, p.a_stride, i0, p.m, int64_t{step} * kDepth, p.depth);
    stage.b.load(p.b, p.b_stride, j0, p.n, int64_t{step} * kDepth, p.depth);
  };
  CHAKU_UNROLL
  for (int s = 0; s < kStages - 1; ++s) {
    if (s < n_steps) load(s);
    copy_async_commit();
  }
  WarpTile<kRows> tile;
  for (int step = 0; step < n_steps; ++step) {
    copy_async_wait<kStages - 2>();
    __syncthreads();  // all threads' copies are here, and all have done with the stage that is loaded next
    if (step + kStages - 1 < n_steps) load(step + kStages - 1);
    copy_async_commit();  // also when empty: the wait counts groups
    tile.multiply(stages[step % kStages]);
  }
  tile.store(p, i0, j0);
}

template <int kRows, bool kATransposed, bool kBTransposed>
void launch_product(const TensorGemm& p, Queue& queue) noexcept {
  const dim3 grid(static_cast<unsigned>(ceil_div(p.n, kColumns)), static_cast<unsigned>(ceil_div(p.m, kRows)));
  cuda_queue(queue).launch(product<kRows, kATransposed, kBTransposed>, grid, dim3(kThreads),
                           kStages * sizeof(Stage<kRows, kATransposed, kBTransposed>), p);
}

template <bool kATransposed, bool kBTransposed>
void launch_by_rows(const TensorGemm& p, Queue& queue) noexcept {
  if (p.m <= 64)
    launch_product<64, kATransposed, kBTransposed>(p, queue);
  else
    launch_product<128, kATransposed, kBTransposed>(p, queue);
}

}  // namespace

void tensor_gemm(const TensorGemm& p, Queue& queue) noexcept {
  if (p.a_transposed) return launch_by_rows<true, true>(p, queue);
  if (p.b_transposed) return launch_by_rows<false, true>(p, queue);
  launch_by_rows<false, false>(p, queue);
}

}  // namespace chaku::cuda
