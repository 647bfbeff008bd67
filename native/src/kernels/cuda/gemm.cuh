// Products of two dense matrices that know no formats: in float32 on the ordinary units, of bfloat16 on tensor cores.
#pragma once

#include "kernels/cuda/queue.cuh"

namespace chaku::cuda {

// c[i,j] = scale * sum over l of a[i,l] b[j,l] + bias[j], or += with accumulate (the bias is then added too). a[i,l]
// lies at i * a.row + l * a.depth.
struct Operand {
  const float* data = nullptr;
  int64_t row = 0, depth = 1;
};

struct Gemm {
  Operand a = {}, b = {};
  int64_t m = 0, n = 0, depth = 0;
  // sum += tail_scale * sum over l of tail_a[i,l] tail_b[j,l]
  Operand tail_a = {}, tail_b = {};
  int64_t tail_depth = 0;
  float tail_scale = 1.0f;
  float* c = nullptr;
  int64_t c_stride = 0;
  const float* bias = nullptr;  // [N] or null
  float scale = 1.0f;
  bool accumulate = false;
};
void gemm(const Gemm& problem, Queue& queue) noexcept;

// The same of bfloat16, accumulated in float32: a is [M, depth] and b [N, depth], or [depth, M] and [depth, N] where
// they are transposed; a transposed a goes with a transposed b. Rows are 16-byte aligned and their strides multiples of
// eight; of [., depth] zeros follow up to the next multiple of eight, of [depth, .] anything.
struct TensorGemm {
  const uint16_t* a = nullptr;
  const uint16_t* b = nullptr;
  int64_t a_stride = 0, b_stride = 0;
  int64_t m = 0, n = 0, depth = 0;
  float* c = nullptr;
  int64_t c_stride = 0;
  const float* bias = nullptr;
  float scale = 1.0f;
  bool accumulate = false;
  bool a_transposed = false, b_transposed = false;
};
void tensor_gemm(const TensorGemm& problem, Queue& queue) noexcept;

}  // namespace chaku::cuda
