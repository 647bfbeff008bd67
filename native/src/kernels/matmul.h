// Products with a weight matrix in any block format, and the outer product that gives a weight its gradient.
//
// Conventions of all kernels: matrices are row-major float32 unless said otherwise; `*_stride` counts elements between
// rows; a kernel is noexcept and its problem is validated by the caller; each output element is summed in an order that
// depends on the shapes alone, so any number of threads gives the same bits. Of every output the comment says whether
// it is overwritten or accumulated into (+=).
#pragma once

#include <cstdint>

#include "kernels/activation_format.h"
#include "kernels/role.h"
#include "quant/dtype.h"

namespace chaku {

// A weight [rows N, columns K], read in place. Blocks lie along K.
struct Matrix {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  int64_t rows = 0;
  int64_t columns = 0;

  bool empty() const noexcept { return data == nullptr; }
  int64_t stride_bytes() const noexcept { return row_bytes(dtype, columns); }
};

// What a product of low rank adds to another one before that is stored: scale * x[M,R] w, with w[N,R]^T in a forward
// product and w[R,K] in a backward one. It costs no pass over the result. To a forward product of generated tokens it
// adds what a product of its own would, to the bit: one that accumulates, scaled by both scales.
struct LowRankTail {
  const float* x = nullptr;
  int64_t x_stride = 0;
  Matrix w;  // float32; empty: no tail
  float scale = 1.0f;

  bool empty() const noexcept { return w.empty(); }
};

// The tail of rows [begin, end) of a product; its x is that of row `begin`.
struct TailOfRows {
  int64_t begin = 0, end = 0;
  LowRankTail tail;
};

// y[M,N] = scale * (x[M,K] w[N,K]^T + tail) + bias[N], or += with accumulate (the bias is then added too).
struct MatmulProblem {
  const float* x = nullptr;
  int64_t x_stride = 0;
  Matrix w;
  const float* bias = nullptr;  // [N] or null
  float* y = nullptr;
  int64_t y_stride = 0;
  int64_t m = 0;
  float scale = 1.0f;
  bool accumulate = false;
  LowRankTail tail = {};
  Role role = Role::kPrompt;
  // Of prompts, in place of the tail, where the table takes them: some rows each their own, in the order of rows, the
  // others none. Each row is computed as if all had what it has. In the host's memory.
  const TailOfRows* tails = nullptr;
  int64_t n_tails = 0;
  // Of generated tokens: how x meets the weight's codes. Devices without products of integers take float32 for all.
  ActivationFormat activations = ActivationFormat::kF32;
};

// Products with activations of one format that depend on each other in one way alone: the x of a tail may be the y of a
// product before it that has no tail. They are run as one: those of generated tokens share parallel sections, and
// neighbours that read the same x prepare it once. Results are those of the products one by one, to the bit.
struct MatmulGroup {
  const MatmulProblem* problems = nullptr;
  int64_t n = 0;
};

// dx[M,K] = scale * (dy[M,N] w[N,K] + tail), or += with accumulate.
struct MatmulBackwardProblem {
  const float* dy = nullptr;
  int64_t dy_stride = 0;
  Matrix w;
  float* dx = nullptr;
  int64_t dx_stride = 0;
  int64_t m = 0;
  float scale = 1.0f;
  bool accumulate = false;
  LowRankTail tail = {};
  Role role = Role::kTraining;
};

// As MatmulGroup: the x of a tail may be the dx of a product before it that has no tail, and neighbours may read the
// same dy.
struct MatmulBackwardGroup {
  const MatmulBackwardProblem* problems = nullptr;
  int64_t n = 0;
};

// dw[N,K] += scale * dy[M,N]^T x[M,K]; and, where dbias is not null, dbias[N] += scale * sum over M of dy.
struct WeightGradientProblem {
  const float* dy = nullptr;
  int64_t dy_stride = 0;
  const float* x = nullptr;
  int64_t x_stride = 0;
  float* dw = nullptr;     // [N,K] contiguous
  float* dbias = nullptr;  // [N] or null
  int64_t m = 0, n = 0, k = 0;
  float scale = 1.0f;
};

// Gradients that do not depend on each other, run as one: neighbours that read the same x share its passage. Results
// are those of the gradients one by one, to the bit.
struct WeightGradientGroup {
  const WeightGradientProblem* problems = nullptr;
  int64_t n = 0;
};

// y[M,D] = scale * rows `ids` of w[V,D].
struct GatherProblem {
  Matrix w;
  const int32_t* ids = nullptr;  // [M], each in [0, V)
  float* y = nullptr;            // [M,D] contiguous, overwritten
  int64_t m = 0;
  float scale = 1.0f;
};

// dw[ids[i],:] += scale * dy[i,:], rows that recur summed in the order of i.
struct ScatterGradientProblem {
  const float* dy = nullptr;  // [M,D] contiguous
  const int32_t* ids = nullptr;
  float* dw = nullptr;  // [V,D]
  int64_t m = 0, d = 0;
  float scale = 1.0f;
};

}  // namespace chaku
