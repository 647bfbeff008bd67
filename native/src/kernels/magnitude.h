// DoRA (Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation", 2024): the rows of W + s B A get lengths of their
// own, y = f (x (W + s B A)^T) + bias with f[n] = m[n] / |row n of W + s B A|. As its authors do, the backward pass
// takes the length of the rows as a constant.
#pragma once

#include <cstdint>

#include "kernels/matmul.h"

namespace chaku {

// y[m,n] = scale * (factors[n] p[m,n] + bias[n]), or += with accumulate.
struct MagnifyProblem {
  const float* p = nullptr;        // [M,N] contiguous
  const float* factors = nullptr;  // [N]
  const float* bias = nullptr;     // [N] or null
  float* y = nullptr;              // [M,N] contiguous
  int64_t m = 0, n = 0;
  float scale = 1.0f;
  bool accumulate = false;
};

// dm[n] += scale * inverse_lengths[n] * (sum over m, in order, of dy[m,n] p[m,n]) in float64; p becomes the gradient of
// the product, scale * factors[n] dy[m,n].
struct MagnifyBackwardProblem {
  const float* dy = nullptr;               // [M,N] contiguous
  const float* factors = nullptr;          // [N]
  const float* inverse_lengths = nullptr;  // [N]
  float* p = nullptr;                      // [M,N] contiguous, overwritten
  float* dm = nullptr;                     // [N]
  int64_t m = 0, n = 0;
  float scale = 1.0f;
};

// squares[n] = sum over k, in order, of w[n,k]^2 in float64.
struct RowSquaresProblem {
  Matrix w;
  double* squares = nullptr;  // [N], overwritten
};

// Lengths of the rows of W + s B A without that sum: |w|^2 + sum over r of b[n,r] (2 s u[r,n] + s^2 h[n,r]) in float64,
// with u = A W^T and h = B A A^T. A row of zeros has no length: its factor is 1, its inverse length 0.
struct RowLengthsProblem {
  const double* squares = nullptr;  // [N] |w|^2
  const float* b = nullptr;         // [N,R]
  const float* u = nullptr;         // [R,N]
  const float* h = nullptr;         // [N,R]
  int64_t n = 0, rank = 0;
  float scale = 1.0f;
  bool begins = false;               // magnitudes become the lengths
  float* magnitudes = nullptr;       // [N]
  float* inverse_lengths = nullptr;  // [N], overwritten
  float* factors = nullptr;          // [N], overwritten
};

}  // namespace chaku
