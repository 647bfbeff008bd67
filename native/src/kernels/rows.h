// Data that moves as it is, or between floats and a block format: what a device does without arithmetic of its own.
// Paths of one processor share one version of these.
#pragma once

#include <cstdint>

#include "kernels/matmul.h"

namespace chaku {

// y[m,:] = scale * x[m,:], rows of d floats. x and y do not overlap.
struct CopyRowsProblem {
  const float* x = nullptr;  // [M,D], x_stride between rows
  int64_t x_stride = 0;
  float* y = nullptr;  // [M,D], y_stride, overwritten
  int64_t y_stride = 0;
  int64_t m = 0, d = 0;
  float scale = 1.0f;  // 1: the bits as they are
};

// y[n,:] = the mean of x[m,:] over begins[n] <= m < ends[n], which is no empty range; summed in order, in float64.
struct MeanRowsProblem {
  const float* x = nullptr;  // [M,D] contiguous
  const int32_t* begins = nullptr;
  const int32_t* ends = nullptr;
  float* y = nullptr;  // [N,D] contiguous, overwritten
  int64_t n = 0, d = 0;
};

// y[ids[m],:] = x[m,:]; the other rows of y stay.
struct ScatterRowsProblem {
  const float* x = nullptr;      // [M,D] contiguous
  const int32_t* ids = nullptr;  // [M], each once
  float* y = nullptr;
  int64_t m = 0, d = 0;
};

// y[n] = value.
struct FillProblem {
  float* y = nullptr;
  int64_t n = 0;
  float value = 0.0f;
};

// y[ids[m],:] = x[m,:] in another format, as quant/codec.h encodes; float32 keeps its bits. The other rows of y stay.
struct EncodeRowsProblem {
  const float* x = nullptr;  // [M,width] contiguous
  DType dtype = DType::kF32;
  void* y = nullptr;  // rows contiguous
  int64_t m = 0, width = 0;
  const int32_t* ids = nullptr;       // [M], each once; null: row m goes to row m
  const float* importance = nullptr;  // [width]: what squared errors of the columns weigh; or null
};

// y = w as floats, as quant/codec.h decodes.
struct DecodeRowsProblem {
  Matrix w;
  float* y = nullptr;  // [N,K] contiguous, overwritten
};

// y[n,:] = w[n,:] + sum over r, in order, of (scale b[n,r]) a[r,:], in a format, as quant/codec.h decodes and encodes:
// what a weight becomes when a low-rank addition is merged into it. Sums are float64, rounded to float32 once. A row
// that nothing is added to, b being zero there, keeps its blocks if they are of that format.
struct MergeRowsProblem {
  Matrix w;
  const float* a = nullptr;  // [R,K] contiguous
  const float* b = nullptr;  // [N,R] contiguous
  int64_t rank = 0;
  float scale = 1.0f;
  DType dtype = DType::kF32;  // one that codec.h encodes, whose blocks fill rows
  void* y = nullptr;          // [N,K] contiguous, overwritten
};

// sums[c] += sum over m, in order, of x[m,c]^2 in float64.
struct ColumnSquaresProblem {
  const float* x = nullptr;  // [M,K] contiguous
  int64_t m = 0, k = 0;
  double* sums = nullptr;  // [K]
};

// y[i] = bound * (2 uniform(seed, stream, i) - 1).
struct UniformProblem {
  float* y = nullptr;  // [n], overwritten
  int64_t n = 0;
  float bound = 1.0f;
  uint64_t seed = 0, stream = 0;
};

}  // namespace chaku
