// Products of every format on the emulated device, in shapes small enough for it: tests/kernels/matmul_test.cpp has the
// CPU's. Orders of threads give the same bits.
#include "kernels/matmul.h"
#include "kernels/product_data.h"

using namespace chaku;
using namespace chaku::test;

namespace {

struct Flags {
  bool bias = false, accumulate = false;
  float magnitude = 1.0f;
  int64_t rank = 0;  // of a tail
};

void check_forward(Role role, DType dtype, Shape s, Flags flags = {}) {
  const Weights w = random_weights(dtype, s.n, s.k, 21);
  const int64_t x_stride = s.k + 5, y_stride = s.n + 3, t_stride = flags.rank + 3;
  const Floats x = random_vector(s.m * x_stride, 22, flags.magnitude), bias = random_vector(s.n, 23),
               t = random_vector(s.m * t_stride, 24), b = random_vector(s.n * flags.rank, 25);
  const Tolerance tolerance = {kProduct.absolute * flags.magnitude, kProduct.relative};
  check_paths(describe("matmul", dtype, s), tolerance, [&](const KernelTable& table, Queue& queue) {
    Floats y(static_cast<size_t>(s.m * y_stride), kUntouched);
    MatmulProblem p{.x = x.data(),
                    .x_stride = x_stride,
                    .w = w.matrix,
                    .bias = flags.bias ? bias.data() : nullptr,
                    .y = y.data(),
                    .y_stride = y_stride,
                    .m = s.m,
                    .scale = 0.75f,
                    .accumulate = flags.accumulate,
                    .role = role};
    if (flags.rank > 0) p.tail = {t.data(), t_stride, {b.data(), DType::kF32, s.n, flags.rank}, 1.5f};
    table.matmul(p, queue);
    return y;
  });
}

void check_backward(DType dtype, Shape s, Flags flags = {}) {
  const Weights w = random_weights(dtype, s.n, s.k, 31);
  const int64_t dy_stride = s.n + 2, dx_stride = s.k + 7, t_stride = flags.rank + 3;
  const Floats dy = random_vector(s.m * dy_stride, 32), t = random_vector(s.m * t_stride, 33),
               a = random_vector(flags.rank * s.k, 34);
  check_paths(describe("matmul_backward", dtype, s), kProduct, [&](const KernelTable& table, Queue& queue) {
    Floats dx(static_cast<size_t>(s.m * dx_stride), kUntouched);
    MatmulBackwardProblem p{.dy = dy.data(),
                            .dy_stride = dy_stride,
                            .w = w.matrix,
                            .dx = dx.data(),
                            .dx_stride = dx_stride,
                            .m = s.m,
                            .scale = 1.25f,
                            .accumulate = flags.accumulate};
    if (flags.rank > 0) p.tail = {t.data(), t_stride, {a.data(), DType::kF32, flags.rank, s.k}, -0.5f};
    table.matmul_backward(p, queue);
    return dx;
  });
}

constexpr Role kRoles[] = {Role::kPrompt, Role::kGenerated};

}  // namespace

TEST(every_format) {
  for (const DType dtype : all_dtypes()) {
    for (const int64_t m : {1, 3}) check_forward(Role::kGenerated, dtype, {m, 13, 512});
    check_forward(Role::kPrompt, dtype, {5, 13, 512});
    check_backward(dtype, {3, 13, 512});
  }
}

TEST(every_number_of_generated_tokens) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_K, DType::kF16})
    for (int64_t m = 1; m <= 10; ++m) check_forward(Role::kGenerated, dtype, {m, 5, 256}, {m % 2 == 0, m % 3 == 0});
}

TEST(odd_shapes_of_single_element_formats) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16})
    for (const Shape s :
         {Shape{1, 1, 1}, Shape{1, 5, 7}, Shape{2, 17, 15}, Shape{7, 33, 17}, Shape{9, 63, 172}, Shape{20, 64, 257}}) {
      for (const Role role : kRoles) check_forward(role, dtype, s, {.bias = true});
      check_backward(dtype, s, {.accumulate = true});
    }
}

TEST(edges_of_tiles) {
  for (const Shape s : {Shape{64, 64, 32}, Shape{65, 63, 64}, Shape{130, 9, 96}}) {
    check_forward(Role::kPrompt, DType::kQ8_0, s, {true, true});
    check_backward(DType::kQ8_0, s);
  }
}

TEST(tails) {
  for (const int64_t rank : {1, 3, 8, 16, 40})
    for (const int64_t m : {1, 9}) {
      for (const Role role : kRoles) check_forward(role, DType::kQ8_0, {m, 21, 64}, {true, m == 9, 1.0f, rank});
      check_backward(DType::kQ8_0, {m, 21, 64}, {false, m == 9, 1.0f, rank});
    }
}

// More of a weight than the scratch memory of the tests holds decoded: several parts.
TEST(weights_in_parts) {
  check_forward(Role::kPrompt, DType::kQ4_0, {2, 300, 1024}, {true, false, 1.0f, 4});
  check_backward(DType::kQ4_0, {2, 300, 1024}, {false, true, 1.0f, 4});
}

TEST(zeros_and_large_magnitudes) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_K, DType::kF32})
    for (const float magnitude : {0.0f, 1e-20f, 1e20f})
      for (const Role role : kRoles) check_forward(role, dtype, {2, 20, 256}, {.magnitude = magnitude});
}

TEST(weight_gradients) {
  for (const Shape s : {Shape{1, 1, 1}, Shape{3, 7, 5}, Shape{17, 66, 65}, Shape{100, 16, 70}})
    check_weight_gradient(s);
}

TEST(rows_of_every_format_are_decoded_and_gathered) {
  constexpr int64_t kV = 9, kM = 5;
  const std::vector<int32_t> ids = {8, 0, 3, 3, 7};
  for (const DType dtype : all_dtypes()) {
    const int64_t d = dtype_info(dtype).block_elements == 1 ? 259 : 512;
    const Weights w = random_weights(dtype, kV, d, 51);
    check_paths(describe("gather", dtype, {kM, kV, d}), kDecode, [&](const KernelTable& table, Queue& queue) {
      Floats y(static_cast<size_t>(kM * d));
      table.gather({.w = w.matrix, .ids = ids.data(), .y = y.data(), .m = kM, .scale = 3.0f}, queue);
      return y;
    });
    check_paths(describe("decode_rows", dtype, {0, kV, d}), kDecode, [&](const KernelTable& table, Queue& queue) {
      Floats y(static_cast<size_t>(kV * d));
      table.decode_rows({w.matrix, y.data()}, queue);
      return y;
    });
  }
}

TEST(gradients_of_gathered_rows) {
  const std::vector<int32_t> ids = {2, 0, 2, 5, 2, 0};
  for (const int64_t d : {1, 15, 131}) {
    const Floats dy = random_vector(6 * d, 52);
    check_paths("scatter_gradient", kDecode, [&](const KernelTable& table, Queue& queue) {
      Floats dw(static_cast<size_t>(6 * d), 0.25f);
      table.scatter_gradient({.dy = dy.data(), .ids = ids.data(), .dw = dw.data(), .m = 6, .d = d, .scale = 0.5f},
                             queue);
      return dw;
    });
  }
}
