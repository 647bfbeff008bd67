// Products with few rows of x, in float32: each warp takes one or two rows of w, each lane groups of eight columns, so
// that a weight is read and decoded once for up to eight rows of x. A sum has one order whatever the other rows are.
#include "kernels/cuda/formats.cuh"
#include "kernels/cuda/matvec.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/warp.cuh"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / 32;

// x as the kernel takes it: rows `first` .. `first + kTokens` of the problem.
struct TokensOf {
  MatmulProblem p;
  int64_t w_stride_bytes, first;
  bool wide;  // rows of x are 16-byte aligned
};

// x[8 group ..] of a row of k, zeros behind the last.
CHAKU_DEVICE void load_x(const float* x, int64_t group, int64_t k, bool wide, float (&out)[kGroup]) {
  const float* at = x + group * kGroup;
  if (wide && (group + 1) * kGroup <= k) {
    const float4 low = reinterpret_cast<const float4*>(at)[0], high = reinterpret_cast<const float4*>(at)[1];
    out[0] = low.x, out[1] = low.y, out[2] = low.z, out[3] = low.w;
    out[4] = high.x, out[5] = high.y, out[6] = high.z, out[7] = high.w;
  } else {
    CHAKU_UNROLL
    for (int j = 0; j < kGroup; ++j) out[j] = group * kGroup + j < k ? at[j] : 0.0f;
  }
}

// This warp's dot products of kRows rows of w with kTokens of x, in all lanes.
template <DType kType, int kTokens, int kRows>
CHAKU_DEVICE void dot_rows(const uint8_t* (&w)[kRows], const float* (&x)[kTokens], int64_t k, bool wide,
                           float (&sums)[kRows][kTokens]) {
  CHAKU_UNROLL
  for (int r = 0; r < kRows; ++r) {
    CHAKU_UNROLL
    for (int t = 0; t < kTokens; ++t) sums[r][t] = 0.0f;
  }
  const int64_t groups = (k + kGroup - 1) / kGroup;
  for (int64_t g = lane_index(); g < groups; g += 32) {
    float weights[kRows][kGroup];
    CHAKU_UNROLL
    for (int r = 0; r < kRows; ++r) decode_group<kType>(w[r], g, k, weights[r]);
    CHAKU_UNROLL
    for (int t = 0; t < kTokens; ++t) {
      float values[kGroup];
      load_x(x[t], g, k, wide, values);
      CHAKU_UNROLL
      for (int r = 0; r < kRows; ++r) {
        CHAKU_UNROLL
        for (int j = 0; j < kGroup; ++j) sums[r][t] = fmaf(weights[r][j], values[j], sums[r][t]);
      }
    }
  }
  CHAKU_UNROLL
  for (int r = 0; r < kRows; ++r) {
    CHAKU_UNROLL
    for (int t = 0; t < kTokens; ++t) sums[r][t] = warp_sum(sums[r][t]);
  }
}

// grid -> kRows rows of w for each of four warps; no shared memory; sm_75; 2 M FLOPs a weight.
template <DType kType, int kTokens, int kRows>
__global__ void __launch_bounds__(kThreads) dot_products(const TokensOf q) {
  const MatmulProblem& p = q.p;
  const int64_t first_row = (int64_t{blockIdx.x} * kWarps + warp_index()) * kRows;
  if (first_row >= p.w.rows) return;
  const uint8_t* rows[kRows];
  const uint8_t* tail_rows[kRows];
  const float* x[kTokens];
  const float* tail_x[kTokens];
  const int64_t r_columns = p.tail.w.columns;
  CHAKU_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const int64_t row = min(first_row + r, p.w.rows - 1);  // the last row twice where there is none
    rows[r] = static_cast<const uint8_t*>(p.w.data) + row * q.w_stride_bytes;
    tail_rows[r] = static_cast<const uint8_t*>(p.tail.w.data) + row * r_columns * 4;
  }
  CHAKU_UNROLL
  for (int t = 0; t < kTokens; ++t) {
    const int64_t token = min(q.first + t, p.m - 1);
    x[t] = p.x + token * p.x_stride;
    tail_x[t] = p.tail.x + token * p.tail.x_stride;
  }
  float sums[kRows][kTokens], tail_sums[kRows][kTokens] = {};
  dot_rows<kType, kTokens>(rows, x, p.w.columns, q.wide, sums);
  const bool has_tail = p.tail.w.data != nullptr;
  if (has_tail) dot_rows<DType::kF32, kTokens>(tail_rows, tail_x, r_columns, false, tail_sums);
  const bool apart = p.role == Role::kGenerated;
  CHAKU_UNROLL
  for (int r = 0; r < kRows; ++r) {
    CHAKU_UNROLL
    for (int t = 0; t < kTokens; ++t) {
      const int64_t row = first_row + r, token = q.first + t;
      if (lane_index() != (r * kTokens + t) % 32 || row >= p.w.rows || token >= p.m) continue;
      float sum = sums[r][t];
      if (has_tail && !apart) sum = fmaf(p.tail.scale, tail_sums[r][t], sum);
      float& y = p.y[token * p.y_stride + row];
      float out = p.scale * sum + (p.accumulate ? y : 0.0f) + (p.bias != nullptr ? p.bias[row] : 0.0f);
      if (has_tail && apart) out = p.scale * p.tail.scale * tail_sums[r][t] + out;
      y = out;
    }
  }
}

template <DType kType, int kTokens, int kRows>
void launch_tokens(const MatmulProblem& p, int64_t first, Queue& queue) noexcept {
  const bool wide = reinterpret_cast<uintptr_t>(p.x) % 16 == 0 && p.x_stride % 4 == 0;
  const dim3 grid(static_cast<unsigned>(ceil_div(p.w.rows, kWarps * kRows)));
  cuda_queue(queue).launch(dot_products<kType, kTokens, kRows>, grid, dim3(kThreads), 0,
                           TokensOf{p, p.w.stride_bytes(), first, wide});
}

}  // namespace

void matvec(const MatmulProblem& p, Queue& queue) noexcept {
  for_dtype(p.w.dtype, [&]<DType kType>() {
    int64_t first = 0;
    for (; p.m - first > 1; first += 8) launch_tokens<kType, 8, 1>(p, first, queue);
    if (p.m > first) launch_tokens<kType, 1, 2>(p, first, queue);
  });
}

}  // namespace chaku::cuda
