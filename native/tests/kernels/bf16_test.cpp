// The bfloat16 path against the reference on operands that are rounded beforehand: products of bfloat16 are exact in
// float32, so that the usual tolerance of float32 sums holds. And against the reference on the operands as they are, to
// the three digits that bfloat16 has.
#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

const KernelTable& bf16_table() {
  const KernelTable* table = find_table(CpuPath::kAvx512Bf16);
  if (table == nullptr) skip("this machine or build lacks AVX-512 BF16");
  return *table;
}

Floats rounded(Floats values) {
  for (float& v : values) v = bf16_to_f32(f32_to_bf16(v));
  return values;
}

struct Shape {
  int64_t m, n, k;
};

// Runs on the vector path with 1, 2 and 3 threads (equal bits), and on the reference with exact and with rounded
// operands; run(table, pool, w, activations) returns the outputs.
template <class Run>
void check(const std::string& what, const Matrix& w, const Floats& activations, double magnitude, Run run) {
  const Floats exact_w = decoded(w);
  double squares = 0;
  for (const float v : exact_w) squares += static_cast<double>(v) * v;
  magnitude *= std::sqrt(squares / static_cast<double>(exact_w.size()));
  Floats dense = rounded(exact_w);
  const Matrix rounded_w = {dense.data(), DType::kF32, w.rows, w.columns};
  const Floats actual = run(bf16_table(), pool_of(1), w, activations);
  const Floats expected = run(reference_table(), pool_of(2), rounded_w, rounded(activations));
  const Floats exact = run(reference_table(), pool_of(2), w, activations);
  const int64_t n = static_cast<int64_t>(actual.size());
  const double error = worst_error(actual.data(), expected.data(), n, kProduct.absolute, kProduct.relative);
  if (!(error <= 1.0)) report("bf16", 0, what + ": off by " + std::to_string(error) + " x the tolerance");
  const double loss = worst_error(actual.data(), exact.data(), n, kBf16Product.absolute * magnitude,
                                  kBf16Product.relative);
  if (!(loss <= 1.0)) report("bf16", 0, what + ": rounding cost " + std::to_string(loss) + " x the tolerance");
  for (const int n_threads : {2, 3})
    if (std::memcmp(run(bf16_table(), pool_of(n_threads), w, activations).data(), actual.data(),
                    actual.size() * sizeof(float)) != 0)
      report("bf16", 0, what + ": other bits with " + std::to_string(n_threads) + " threads");
}

std::string describe(const char* op, DType dtype, Shape s) {
  return std::string(op) + " " + dtype_info(dtype).name + " m" + std::to_string(s.m) + " n" + std::to_string(s.n) +
         " k" + std::to_string(s.k);
}

void check_products(DType dtype, Shape s) {
  const Weights w = random_weights(dtype, s.n, s.k, 61);
  const Floats bias = random_vector(s.n, 62);
  const int64_t x_stride = s.k + 3, y_stride = s.n + 5;
  const double magnitude = std::sqrt(static_cast<double>(std::max(s.n, s.k)));
  check(describe("matmul", dtype, s), w.matrix, random_vector(s.m * x_stride, 63), magnitude,
        [&](const KernelTable& table, ThreadPool& pool, const Matrix& weights, const Floats& x) {
          Floats y(static_cast<size_t>(s.m * y_stride), kUntouched);
          table.matmul({.x = x.data(), .x_stride = x_stride, .w = weights, .bias = bias.data(), .y = y.data(),
                        .y_stride = y_stride, .m = s.m, .scale = 0.5f, .accumulate = false}, pool);
          return y;
        });
  check(describe("matmul_backward", dtype, s), w.matrix, random_vector(s.m * y_stride, 64), magnitude,
        [&](const KernelTable& table, ThreadPool& pool, const Matrix& weights, const Floats& dy) {
          Floats dx(static_cast<size_t>(s.m * x_stride), 0.25f);
          table.matmul_backward({.dy = dy.data(), .dy_stride = y_stride, .w = weights, .dx = dx.data(),
                                 .dx_stride = x_stride, .m = s.m, .accumulate = true}, pool);
          return dx;
        });
}

}  // namespace

// Formats whose decoding is exact: a value rounded twice differently would cross a bfloat16 border.
TEST(products_of_odd_shapes_and_block_edges) {
  bf16_table();
  for (const Shape s : {Shape{9, 1, 1}, Shape{9, 17, 15}, Shape{13, 65, 31}, Shape{20, 127, 33}, Shape{97, 129, 300},
                        Shape{40, 64, 256}, Shape{33, 130, 513}})
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) check_products(dtype, s);
  for (const Shape s : {Shape{9, 63, 32}, Shape{95, 64, 256}, Shape{96, 129, 288}, Shape{513, 40, 544},
                        Shape{1030, 9, 96}, Shape{12, 2100, 64}})
    for (const DType dtype : {DType::kQ8_0, DType::kQ4_0, DType::kQ5_0}) check_products(dtype, s);
}

TEST(few_tokens_stay_in_float32) {
  const KernelTable& table = bf16_table();
  const Weights w = random_weights(DType::kQ8_0, 40, 64, 65);
  const Floats x = random_vector(3 * 64, 66);
  Floats y(3 * 40), expected(3 * 40);
  MatmulProblem p{.x = x.data(), .x_stride = 64, .w = w.matrix, .y = y.data(), .y_stride = 40, .m = 3};
  table.matmul(p, pool_of(1));
  p.y = expected.data();
  find_table(CpuPath::kAvx512)->matmul(p, pool_of(1));
  CHECK(y == expected);
}

TEST(weight_gradients) {
  bf16_table();
  for (const Shape s : {Shape{1, 1, 1}, Shape{3, 7, 5}, Shape{17, 96, 256}, Shape{255, 97, 257}, Shape{300, 300, 16},
                        Shape{513, 33, 31}}) {
    // the activations are dy, the weight stands for x [M,K]
    const Weights x = random_weights(DType::kF32, s.m, s.k, 67);
    check(describe("weight_gradient", DType::kF32, s), x.matrix, random_vector(s.m * s.n, 68),
          std::sqrt(static_cast<double>(s.m)),
          [&](const KernelTable& table, ThreadPool& pool, const Matrix& inputs, const Floats& dy) {
            Floats aligned(static_cast<size_t>(s.m * s.k)), dw(static_cast<size_t>(s.n * s.k), 0.5f);
            std::memcpy(aligned.data(), inputs.data, aligned.size() * sizeof(float));
            table.weight_gradient({.dy = dy.data(), .dy_stride = s.n, .x = aligned.data(), .x_stride = s.k,
                                   .dw = dw.data(), .m = s.m, .n = s.n, .k = s.k, .scale = 0.5f}, pool);
            return dw;
          });
  }
}

TEST(only_the_large_products_differ_from_avx512) {
  const KernelTable &table = bf16_table(), &wide = *find_table(CpuPath::kAvx512);
  CHECK(table.path == CpuPath::kAvx512Bf16);
  CHECK(table.matmul != wide.matmul && table.matmul_backward != wide.matmul_backward);
  CHECK(table.weight_gradient != wide.weight_gradient);
  CHECK(table.attention == wide.attention && table.rms_norm == wide.rms_norm && table.adamw == wide.adamw);
  CHECK(best_cpu_path() != CpuPath::kAvx512Bf16);
}
