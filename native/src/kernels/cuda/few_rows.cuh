// Products with few rows of x: what those in float32 (matvec.cu) and those of integers (integer_matvec.cu) share. Each
// warp takes one or two rows of w, each lane groups of eight columns, so that a weight is read and decoded once for up
// to eight rows of x. A sum has one order whatever the other rows are.
#pragma once

#include "kernels/cuda/formats.cuh"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/warp.cuh"
#include "kernels/matmul.h"

namespace chaku::cuda {

constexpr int kFewRowsThreads = 128, kFewRowsWarps = kFewRowsThreads / 32;

// x as a kernel takes it: rows `first` .. `first + kTokens` of the problem.
struct TokensOf {
  MatmulProblem p;
  int64_t w_stride_bytes, first;
  bool wide;  // rows of x are 16-byte aligned

  TokensOf(const MatmulProblem& problem, int64_t first_row)
      : p(problem),
        w_stride_bytes(problem.w.stride_bytes()),
        first(first_row),
        wide(reinterpret_cast<uintptr_t>(problem.x) % 16 == 0 && problem.x_stride % 4 == 0) {}
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

// The sums of all lanes, in all lanes.
template <int kRows, int kTokens>
CHAKU_DEVICE void sum_over_lanes(float (&sums)[kRows][kTokens]) {
  CHAKU_UNROLL
  for (int r = 0; r < kRows; ++r) {
    CHAKU_UNROLL
    for (int t = 0; t < kTokens; ++t) sums[r][t] = warp_sum(sums[r][t]);
  }
}

// This warp's dot products of kRows rows of w with kTokens of x, in all lanes; sums are zero before.
template <DType kType, int kTokens, int kRows>
CHAKU_DEVICE void dot_rows(const uint8_t* (&w)[kRows], const float* (&x)[kTokens], int64_t k, bool wide,
                           float (&sums)[kRows][kTokens]) {
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
  sum_over_lanes(sums);
}

// This warp's rows of the weight, and the rows of x.
template <int kTokens, int kRows>
struct FewRows {
  int64_t first_row, tokens[kTokens];
  const uint8_t* w[kRows];

  CHAKU_DEVICE explicit FewRows(const TokensOf& q)
      : first_row((int64_t{blockIdx.x} * kFewRowsWarps + warp_index()) * kRows) {
    CHAKU_UNROLL
    for (int r = 0; r < kRows; ++r) w[r] = static_cast<const uint8_t*>(q.p.w.data) + row(q, r) * q.w_stride_bytes;
    CHAKU_UNROLL
    for (int t = 0; t < kTokens; ++t) tokens[t] = min(q.first + t, q.p.m - 1);
  }
  // The last row more than once where there are no more.
  CHAKU_DEVICE int64_t row(const TokensOf& q, int r) const { return min(first_row + r, q.p.w.rows - 1); }

  // Adds the tail and all else that a product has beside its sums, and stores it.
  CHAKU_DEVICE void finish(const TokensOf& q, const float (&sums)[kRows][kTokens]) const {
    const MatmulProblem& p = q.p;
    const int64_t rank = p.tail.w.columns;
    float tail_sums[kRows][kTokens] = {};
    const bool has_tail = p.tail.w.data != nullptr;
    if (has_tail) {
      const uint8_t* tail_w[kRows];
      const float* tail_x[kTokens];
      CHAKU_UNROLL
      for (int r = 0; r < kRows; ++r) tail_w[r] = static_cast<const uint8_t*>(p.tail.w.data) + row(q, r) * rank * 4;
      CHAKU_UNROLL
      for (int t = 0; t < kTokens; ++t) tail_x[t] = p.tail.x + tokens[t] * p.tail.x_stride;
      dot_rows<DType::kF32, kTokens>(tail_w, tail_x, rank, false, tail_sums);
    }
    const bool apart = p.role == Role::kGenerated;
    CHAKU_UNROLL
    for (int r = 0; r < kRows; ++r) {
      CHAKU_UNROLL
      for (int t = 0; t < kTokens; ++t) {
        const int64_t n = first_row + r, token = q.first + t;
        if (lane_index() != (r * kTokens + t) % 32 || n >= p.w.rows || token >= p.m) continue;
        float sum = sums[r][t];
        if (has_tail && !apart) sum = fmaf(p.tail.scale, tail_sums[r][t], sum);
        float& y = p.y[token * p.y_stride + n];
        float out = p.scale * sum + (p.accumulate ? y : 0.0f) + (p.bias != nullptr ? p.bias[n] : 0.0f);
        if (has_tail && apart) out = p.scale * p.tail.scale * tail_sums[r][t] + out;
        y = out;
      }
    }
  }
};

template <int kRows>
dim3 few_rows_grid(const MatmulProblem& p) {
  return dim3(static_cast<unsigned>(ceil_div(p.w.rows, kFewRowsWarps * kRows)));
}

}  // namespace chaku::cuda
