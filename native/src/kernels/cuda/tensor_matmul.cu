// Products on the tensor cores: activations are rounded to bfloat16 in scratch memory, a part of the weight at a time
// is decoded beside them, and tensor_gemm.cu multiplies the two. A part is small enough for the second-level cache, so
// that a decoded weight is seldom written to memory. A low-rank tail is a few more columns of depth: [x | scale t] [w |
// b]^T.
#include "kernels/cuda/bias_gradient.cuh"
#include "kernels/cuda/decode.cuh"
#include "kernels/cuda/gemm.cuh"
#include "kernels/cuda/matvec.cuh"
#include "kernels/cuda/ops.h"

namespace chaku::cuda {
namespace {

constexpr int64_t round_up(int64_t n) { return (n + 7) / 8 * 8; }

// Two halves of the scratch memory, for either operand.
struct Halves {
  uint16_t* a;
  uint16_t* b;
  int64_t elements;  // of each

  explicit Halves(Queue& queue) {
    CudaQueue& q = cuda_queue(queue);
    elements = q.scratch_bytes() / 2 / int64_t{sizeof(uint16_t)} / 8 * 8;
    a = reinterpret_cast<uint16_t*>(q.device_scratch());
    b = a + elements;
  }
  // How many rows of `stride` fit, at most n; 0 and a failure of the queue if none does.
  int64_t rows(int64_t stride, int64_t n, Queue& queue) const {
    const int64_t fits = elements / stride;
    if (fits == 0) cuda_queue(queue).note("a row of a product exceeds the scratch memory");
    return fits < n ? fits : n;
  }
};

// Calls part(first, count) for n in parts of `step`; nothing for a step of 0.
template <class Part>
void for_parts(int64_t n, int64_t step, const Part& part) noexcept {
  if (step == 0) return;
  for (int64_t first = 0; first < n; first += step) part(first, first + step < n ? step : n - first);
}

const float* floats(const Matrix& w) { return static_cast<const float*>(w.data); }

}  // namespace

void tensor_matmul(const MatmulProblem& p, Queue& queue) noexcept {
  if (p.role == Role::kGenerated) return matvec(p, queue);
  const Halves halves(queue);
  const int64_t k = round_up(p.w.columns), rank = p.tail.empty() ? 0 : p.tail.w.columns, depth = k + round_up(rank);
  for_parts(p.m, halves.rows(depth, p.m, queue), [&](int64_t m0, int64_t m) {
    round_to({p.x, p.x_stride, m0, m, p.w.columns, 1.0f, depth}, halves.a, queue);
    if (rank > 0) round_to({p.tail.x, p.tail.x_stride, m0, m, rank, p.tail.scale, depth}, halves.a + k, queue);
    for_parts(p.w.rows, halves.rows(depth, p.w.rows, queue), [&](int64_t n0, int64_t n) {
      decode_to({p.w, n0, n, nullptr, 1.0f, depth}, halves.b, queue);
      if (rank > 0) round_to({floats(p.tail.w), rank, n0, n, rank, 1.0f, depth}, halves.b + k, queue);
      tensor_gemm({.a = halves.a,
                   .b = halves.b,
                   .a_stride = depth,
                   .b_stride = depth,
                   .m = m,
                   .n = n,
                   .depth = depth,
                   .c = p.y + m0 * p.y_stride + n0,
                   .c_stride = p.y_stride,
                   .bias = p.bias != nullptr ? p.bias + n0 : nullptr,
                   .scale = p.scale,
                   .accumulate = p.accumulate},
                  queue);
    });
  });
}

// The depth is rows of w: parts of the sum, one after another. The tail's rows lie before the first of them.
void tensor_matmul_backward(const MatmulBackwardProblem& p, Queue& queue) noexcept {
  const Halves halves(queue);
  const int64_t stride = round_up(p.w.columns), rank = p.tail.empty() ? 0 : p.tail.w.rows, before = round_up(rank);
  const int64_t fits = halves.rows(stride, before + round_up(p.w.rows), queue) / 8 * 8, step = fits - before;
  if (step <= 0) return cuda_queue(queue).note("a row of a product exceeds the scratch memory");
  for_parts(p.m, halves.rows(fits, p.m, queue), [&](int64_t m0, int64_t m) {
    for_parts(p.w.rows, step, [&](int64_t n0, int64_t n) {
      const int64_t skip = n0 == 0 ? before : 0;
      if (skip > 0) {
        round_to({p.tail.x, p.tail.x_stride, m0, m, rank, p.tail.scale, fits}, halves.a, queue);
        cuda_queue(queue).clear(halves.b + rank * stride, (before - rank) * stride * int64_t{sizeof(uint16_t)});
        round_to({floats(p.tail.w), p.w.columns, 0, rank, p.w.columns, 1.0f, stride}, halves.b, queue);
      }
      round_to({p.dy + n0, p.dy_stride, m0, m, n, 1.0f, fits}, halves.a + skip, queue);
      decode_to({p.w, n0, n, nullptr, 1.0f, stride}, halves.b + skip * stride, queue);
      tensor_gemm({.a = halves.a,
                   .b = halves.b,
                   .a_stride = fits,
                   .b_stride = stride,
                   .m = m,
                   .n = p.w.columns,
                   .depth = skip + n,
                   .c = p.dx + m0 * p.dx_stride,
                   .c_stride = p.dx_stride,
                   .scale = p.scale,
                   .accumulate = p.accumulate || n0 > 0,
                   .b_transposed = true},
                  queue);
    });
  });
}

void tensor_weight_gradient(const WeightGradientProblem& p, Queue& queue) noexcept {
  const Halves halves(queue);
  const int64_t a_stride = round_up(p.n), b_stride = round_up(p.k);
  const int64_t step = halves.rows(a_stride > b_stride ? a_stride : b_stride, p.m, queue);
  for_parts(p.m, step, [&](int64_t m0, int64_t m) {
    round_to({p.dy, p.dy_stride, m0, m, p.n, 1.0f, a_stride}, halves.a, queue);
    round_to({p.x, p.x_stride, m0, m, p.k, 1.0f, b_stride}, halves.b, queue);
    tensor_gemm({.a = halves.a,
                 .b = halves.b,
                 .a_stride = a_stride,
                 .b_stride = b_stride,
                 .m = p.n,
                 .n = p.k,
                 .depth = m,
                 .c = p.dw,
                 .c_stride = p.k,
                 .scale = p.scale,
                 .accumulate = true,
                 .a_transposed = true,
                 .b_transposed = true},
                queue);
  });
  if (p.dbias != nullptr) for_each(queue, p.n, BiasGradient{p});
}

void tensor_matmul_group(const MatmulGroup& group, Queue& queue) noexcept {
  for_group(group, queue, [&](const MatmulProblem& p) { tensor_matmul(p, queue); });
}
void tensor_matmul_backward_group(const MatmulBackwardGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; ++i) tensor_matmul_backward(group.problems[i], queue);
}
void tensor_weight_gradient_group(const WeightGradientGroup& group, Queue& queue) noexcept {
  for (int64_t i = 0; i < group.n; ++i) tensor_weight_gradient(group.problems[i], queue);
}

}  // namespace chaku::cuda
