// Backward pass of one product with its low-rank addition (numbers: u = x' A^T, du = s * dy B, c the call's scale):
// (with magnitudes dy and c are first those of the product before them, see kernels/magnitude.h)
//   dW += c dy^T x;  dbias += c sum dy;  dB += c s dy^T u;  dA += c du^T x';  dx = c (dy W + drop(du A)).
#pragma once

#include <span>

#include "model/linear.h"
#include "train/parameters.h"

namespace chaku {

struct LinearBackwardCall {
  const float* x = nullptr;   // [m,K] the forward's input
  const float* dy = nullptr;  // [m,N]
  float* dx = nullptr;        // [m,K] or null: not needed. May be x
  int64_t m = 0;
  const Linear* linear = nullptr;
  const LowRank* low_rank = nullptr;    // null: none
  const float* low_rank_out = nullptr;  // [m,R] u
  float* d_low_rank = nullptr;          // [m,R] du
  float* product = nullptr;             // [m,N] the forward's before the magnitudes; becomes its gradient
  const LinearGradient* gradient = nullptr;
  uint64_t dropout_stream = 0;
  float* dropped = nullptr;  // [m,K] scratch, with dropout
  float scale = 1.0f;        // the forward's
  bool accumulate = false;   // dx is added to
};
// Calls that are independent but for their sums: at most kMostLinears, which read the same x once and may add to the
// same dx; that is x only where there is one call. d_low_rank is scratch for all their du, [m,R] each, that the calls
// are given.
void linears_backward(const Decoder& decoder, std::span<LinearBackwardCall> calls, float* d_low_rank) noexcept;

// The call of a layer's product as far as the layer says it: x, dy, dx and m are left to fill in.
LinearBackwardCall linear_backward_call(const Decoder& decoder, int32_t layer, LayerLinear which, const Activations& a,
                                        const LayerGradients& gradients) noexcept;

// dw[n,k] += dy[m,n]^T x[m,k], all contiguous; scale and dbias are left to set.
WeightGradientProblem gradient_product(const float* dy, int64_t n, const float* x, int64_t k, int64_t m,
                                       float* dw) noexcept;

// dA[R,K] += d_low_rank[m,R]^T input[m,K] and dB[N,R] += dy[m,N]^T low_rank_out[m,R], of what of the rank is trained;
// the scale is left to set.
WeightGradientProblem a_gradient_product(const LowRank& low_rank, const float* d_low_rank, const float* input,
                                         int64_t k, int64_t m, float* da) noexcept;
WeightGradientProblem b_gradient_product(const LowRank& low_rank, const float* dy, int64_t n, const float* low_rank_out,
                                         int64_t m, float* db) noexcept;

// dx[m,K] = dy[m,N] w[N,K], all contiguous; scale, accumulate and tail are left to set.
MatmulBackwardProblem back_product(const float* dy, const Matrix& w, int64_t m, float* dx) noexcept;

// What dx = dy w adds without dropout: d_low_rank[m,R] A[R,k].
LowRankTail low_rank_back_tail(const LowRank& low_rank, const float* d_low_rank, int64_t k) noexcept;

// With dropout: call.dx += call.scale * drop(call.d_low_rank A).
void add_dropped_gradient(const Decoder& decoder, const LinearBackwardCall& call) noexcept;

}  // namespace chaku
