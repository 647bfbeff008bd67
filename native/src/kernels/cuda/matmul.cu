// Which kernels a product is made of. Generated tokens, and few rows of a training: matvec.cu. Others in float32: a
// part of the weight at a time is decoded to scratch memory, and multiplied by gemm.cu. The role chooses, never the
// number of rows, so that a row has the same bits whatever others are computed with it.
#include "kernels/cuda/bias_gradient.cuh"
#include "kernels/cuda/decode.cuh"
#include "kernels/cuda/gemm.cuh"
#include "kernels/cuda/matvec.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/matmul.h"

namespace chaku::cuda {
namespace {

// Rows [first, first + n) of w as float32: in place where they are, else decoded to scratch memory.
const float* dense_rows(const Matrix& w, int64_t first, int64_t n, Queue& queue) noexcept {
  if (w.dtype == DType::kF32) return static_cast<const float*>(w.data) + first * w.columns;
  float* y = reinterpret_cast<float*>(cuda_queue(queue).device_scratch());
  decode_to({w, first, n, nullptr, 1.0f, w.columns}, y, queue);
  return y;
}

// Calls part(first, n, rows) for as many rows of w at a time as there is scratch memory for.
template <class Part>
void for_parts(const Matrix& w, Queue& queue, const Part& part) noexcept {
  const int64_t fits = cuda_queue(queue).scratch_bytes() / (w.columns * int64_t{sizeof(float)});
  if (w.dtype != DType::kF32 && fits == 0)
    return cuda_queue(queue).note("a row of a weight exceeds the scratch memory");
  const int64_t step = w.dtype == DType::kF32 || fits > w.rows ? w.rows : fits;
  for (int64_t first = 0; first < w.rows; first += step) {
    const int64_t n = first + step < w.rows ? step : w.rows - first;
    part(first, n, dense_rows(w, first, n, queue));
  }
}

}  // namespace

void matmul(const MatmulProblem& p, Queue& queue) noexcept {
  if (p.role == Role::kGenerated) return matvec(p, queue);
  for_parts(p.w, queue, [&](int64_t first, int64_t n, const float* rows) {
    Gemm g{.a = {p.x, p.x_stride, 1}, .b = {rows, p.w.columns, 1}, .m = p.m, .n = n, .depth = p.w.columns};
    if (!p.tail.empty()) {
      g.tail_depth = p.tail.w.columns;
      g.tail_a = {p.tail.x, p.tail.x_stride, 1};
      g.tail_b = {static_cast<const float*>(p.tail.w.data) + first * g.tail_depth, g.tail_depth, 1};
      g.tail_scale = p.tail.scale;
    }
    g.c = p.y + first;
    g.c_stride = p.y_stride;
    g.bias = p.bias != nullptr ? p.bias + first : nullptr;
    g.scale = p.scale;
    g.accumulate = p.accumulate;
    gemm(g, queue);
  });
}

void matmul_group(const MatmulGroup& group, Queue& queue) noexcept {
  for_group(group, queue, [&](const MatmulProblem& p) { matmul(p, queue); });
}

// Parts of the sum, one after another; the tail comes with the first.
void matmul_backward(const MatmulBackwardProblem& p, Queue& queue) noexcept {
  for_parts(p.w, queue, [&](int64_t first, int64_t n, const float* rows) {
    const int64_t k = p.w.columns;
    Gemm g{.a = {p.dy + first, p.dy_stride, 1}, .b = {rows, 1, k}, .m = p.m, .n = k, .depth = n};
    if (!p.tail.empty() && first == 0) {
      g.tail_depth = p.tail.w.rows;
      g.tail_a = {p.tail.x, p.tail.x_stride, 1};
      g.tail_b = {static_cast<const float*>(p.tail.w.data), 1, k};
      g.tail_scale = p.tail.scale;
    }
    g.c = p.dx;
    g.c_stride = p.dx_stride;
    g.scale = p.scale;
    g.accumulate = p.accumulate || first > 0;
    gemm(g, queue);
  });
}

void matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; ++i) matmul_backward(group.problems[i], queue);
}

void weight_gradient(const WeightGradientProblem& p, Queue& queue) noexcept {
  gemm({.a = {p.dy, 1, p.dy_stride},
        .b = {p.x, 1, p.x_stride},
        .m = p.n,
        .n = p.k,
        .depth = p.m,
        .c = p.dw,
        .c_stride = p.k,
        .scale = p.scale,
        .accumulate = true},
       queue);
  if (p.dbias != nullptr) for_each(queue, p.n, BiasGradient{p});
}

void weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; ++i) weight_gradient(group.problems[i], queue);
}

}  // namespace chaku::cuda
