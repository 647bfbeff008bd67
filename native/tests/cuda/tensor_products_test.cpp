// Products on the emulated tensor cores against the reference on operands that are rounded beforehand: products of
// bfloat16 are exact in float32, so that the usual tolerance of float32 sums holds. And against the reference on the
// operands as they are, to the digits that bfloat16 has.
#include <algorithm>

#include "kernels/matmul.h"
#include "kernels/product_data.h"

using namespace chaku;
using namespace chaku::test;

namespace {

Floats rounded(Floats values) {
  for (float& v : values) v = bf16_to_f32(f32_to_bf16(v));
  return values;
}

// Whether a weight has the codec's bits before it is rounded. A format with an offset is decoded by one rounding where
// the codec has two, which moves a few weights across the borders of bfloat16.
bool decodes_exactly(DType dtype) {
  for (const DType affine : {DType::kQ4_1, DType::kQ5_1, DType::kQ2_K, DType::kQ4_K, DType::kQ5_K})
    if (dtype == affine) return false;
  return true;
}

// run(table, queue, w, activations) returns the outputs; `size` is the root of the number of terms.
template <class Run>
void check(const std::string& what, const Matrix& w, const Floats& activations, double size, const Run& run) {
  const Floats dense = decoded(w), round_weights = rounded(dense);
  const Matrix rounded_w = {round_weights.data(), DType::kF32, w.rows, w.columns};
  const Floats expected = run(reference_table(), queue_of(2), rounded_w, rounded(activations));
  const Floats exact = run(reference_table(), queue_of(2), w, activations);
  const KernelTable& table = emulated_tensor_table();
  const Floats actual = run(table, queue_of(1), w, activations);
  const int64_t n = static_cast<int64_t>(exact.size());
  const double error = worst_error(actual.data(), expected.data(), n, kProduct.absolute, kProduct.relative);
  if (!(error <= 1.0) && decodes_exactly(w.dtype))
    report(table.name, 0, what + ": off by " + std::to_string(error) + " x the tolerance");
  const double magnitude = size * root_mean_square(dense);
  const double loss =
      worst_error(actual.data(), exact.data(), n, kBf16Product.absolute * magnitude, kBf16Product.relative);
  if (!(loss <= 1.0)) report(table.name, 0, what + ": rounding cost " + std::to_string(loss) + " x the tolerance");
  for (const int order : {2, 3})
    if (run(table, queue_of(order), w, activations) != actual) report(table.name, 0, what + ": other bits");
}

void check_forward(DType dtype, Shape s, bool accumulate = false) {
  const Weights w = random_weights(dtype, s.n, s.k, 61);
  const Floats bias = random_vector(s.n, 62);
  const int64_t x_stride = s.k + 3, y_stride = s.n + 5;
  check(describe("matmul", dtype, s), w.matrix, random_vector(s.m * x_stride, 63), std::sqrt(static_cast<double>(s.k)),
        [&](const KernelTable& table, Queue& queue, const Matrix& weights, const Floats& x) {
          Floats y(static_cast<size_t>(s.m * y_stride), 0.5f);
          table.matmul({.x = x.data(),
                        .x_stride = x_stride,
                        .w = weights,
                        .bias = bias.data(),
                        .y = y.data(),
                        .y_stride = y_stride,
                        .m = s.m,
                        .scale = 0.5f,
                        .accumulate = accumulate},
                       queue);
          return y;
        });
}

void check_backward(DType dtype, Shape s, bool accumulate = false) {
  const Weights w = random_weights(dtype, s.n, s.k, 64);
  const int64_t dy_stride = s.n + 3, dx_stride = s.k + 5;
  check(describe("matmul_backward", dtype, s), w.matrix, random_vector(s.m * dy_stride, 65),
        std::sqrt(static_cast<double>(s.n)),
        [&](const KernelTable& table, Queue& queue, const Matrix& weights, const Floats& dy) {
          Floats dx(static_cast<size_t>(s.m * dx_stride), 0.5f);
          table.matmul_backward({.dy = dy.data(),
                                 .dy_stride = dy_stride,
                                 .w = weights,
                                 .dx = dx.data(),
                                 .dx_stride = dx_stride,
                                 .m = s.m,
                                 .scale = 0.5f,
                                 .accumulate = accumulate},
                                queue);
          return dx;
        });
}

// Both directions with a tail whose rows are padded; the weights of the tail are numbers of bfloat16 as they are.
void check_tails(DType dtype, Shape s, int64_t rank) {
  const Weights w = random_weights(dtype, s.n, s.k, 81);
  const int64_t t_stride = rank + 3;
  const Floats b = rounded(random_vector(s.n * rank, 82)), a = rounded(random_vector(rank * s.k, 83)),
               t = rounded(random_vector(s.m * t_stride, 84));
  check(describe("matmul with a tail", dtype, s), w.matrix, random_vector(s.m * s.k, 85),
        std::sqrt(static_cast<double>(s.k)),
        [&](const KernelTable& table, Queue& queue, const Matrix& weights, const Floats& x) {
          Floats y(static_cast<size_t>(s.m * s.n), kUntouched);
          MatmulProblem p{.x = x.data(), .x_stride = s.k, .w = weights, .y = y.data(), .y_stride = s.n, .m = s.m};
          p.tail = {t.data(), t_stride, {b.data(), DType::kF32, s.n, rank}, 0.5f};
          table.matmul(p, queue);
          return y;
        });
  check(describe("matmul_backward with a tail", dtype, s), w.matrix, random_vector(s.m * s.n, 86),
        std::sqrt(static_cast<double>(s.n)),
        [&](const KernelTable& table, Queue& queue, const Matrix& weights, const Floats& dy) {
          Floats dx(static_cast<size_t>(s.m * s.k), kUntouched);
          MatmulBackwardProblem p{
              .dy = dy.data(), .dy_stride = s.n, .w = weights, .dx = dx.data(), .dx_stride = s.k, .m = s.m};
          p.tail = {t.data(), t_stride, {a.data(), DType::kF32, rank, s.k}, 0.5f};
          table.matmul_backward(p, queue);
          return dx;
        });
}

}  // namespace

TEST(every_format) {
  for (const DType dtype : all_dtypes()) {
    check_forward(dtype, {5, 17, 256});
    check_backward(dtype, {5, 17, 256});
  }
}

TEST(edges_of_tiles) {
  for (const Shape s : {Shape{64, 128, 32}, Shape{65, 129, 96}, Shape{130, 40, 64}}) {
    check_forward(DType::kQ8_0, s, true);
    check_backward(DType::kQ8_0, s, true);
  }
}

TEST(odd_shapes_of_single_element_formats) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16})
    for (const Shape s : {Shape{1, 1, 1}, Shape{2, 17, 15}, Shape{9, 63, 172}}) {
      check_forward(dtype, s);
      check_backward(dtype, s);
    }
}

TEST(tails) {
  for (const int64_t rank : {1, 8, 17}) check_tails(DType::kQ8_0, {9, 21, 64}, rank);
}

// Scratch memory holds neither operand whole: several parts of both.
TEST(operands_in_parts) {
  check_forward(DType::kQ4_0, {70, 40, 8192});
  check_backward(DType::kQ4_0, {20, 90, 4096});
}

// Generated tokens keep the arithmetic of float32.
TEST(generated_tokens_are_products_in_float32) {
  const Weights w = random_weights(DType::kQ4_0, 20, 256, 71);
  const Floats x = random_vector(3 * 256, 72);
  const auto run = [&](const KernelTable& table) {
    Floats y(60);
    table.matmul({.x = x.data(),
                  .x_stride = 256,
                  .w = w.matrix,
                  .y = y.data(),
                  .y_stride = 20,
                  .m = 3,
                  .role = Role::kGenerated},
                 queue_of(1));
    return y;
  };
  CHECK(run(emulated_tensor_table()) == run(emulated_float32_table()));
}

TEST(weight_gradients) {
  for (const Shape s : {Shape{1, 1, 1}, Shape{3, 7, 5}, Shape{70, 16, 140}, Shape{33, 130, 8}}) {
    const Floats dy = random_vector(s.m * (s.n + 3), 41), x = random_vector(s.m * (s.k + 1), 42);
    const auto run = [&](const KernelTable& table, int order, const Floats& of_dy, const Floats& of_x) {
      Floats out(static_cast<size_t>(s.n * s.k), 0.5f);
      table.weight_gradient({.dy = of_dy.data(),
                             .dy_stride = s.n + 3,
                             .x = of_x.data(),
                             .x_stride = s.k + 1,
                             .dw = out.data(),
                             .m = s.m,
                             .n = s.n,
                             .k = s.k,
                             .scale = 0.5f},
                            queue_of(order));
      return out;
    };
    const Floats expected = run(reference_table(), 2, rounded(dy), rounded(x));
    const Floats actual = run(emulated_tensor_table(), 1, dy, x);
    CHECK_CLOSE(actual.data(), expected.data(), s.n * s.k, kProduct.absolute, kProduct.relative);
    for (const int order : {2, 3}) CHECK(run(emulated_tensor_table(), order, dy, x) == actual);
  }
}
